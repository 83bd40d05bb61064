"""Reads mails, one after another, in a process of its own, which can be ended; `doors/readers.py` starts it.

In: a pickle for each mail, its bytes, our domain and the envelope sender. Out: a pickle of None when it is
ready, then of a `Mail` or an `Unreadable` for each. It ends when nobody can ask it any more.
"""

import pickle
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import BinaryIO

from mailflow.errors import Unreadable
from mailflow.mail.reading import Mail, read

CPU = 30  # seconds for one mail, should nobody be there any more to end it
MEMORY = 1024**3  # bytes of address space; a mail of 25 MB takes a quarter of it


Read = Callable[[bytes, str, str], Mail]


def main(asked: BinaryIO, told: BinaryIO, read: Read) -> None:
    """Answer on `told`, within these limits, what comes on `asked`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever asks finishes first, and ends us then
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    _tell(told, None)
    while True:
        try:
            raw, domain, sender = pickle.load(asked)
        except EOFError:
            return
        limit = int(time.process_time()) + CPU
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
        _tell(told, _answer(read, raw, domain, sender))


def _answer(read: Read, raw: bytes, domain: str, sender: str) -> Mail | Unreadable:
    try:
        return read(raw, domain, sender)
    except Unreadable as error:
        return error


def _tell(told: BinaryIO, answer: Mail | Unreadable | None) -> None:
    pickle.dump(answer, told, pickle.HIGHEST_PROTOCOL)
    told.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer, read)
