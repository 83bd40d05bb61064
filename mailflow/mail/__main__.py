"""Reads mails, one after another, in a process of its own, which can be ended; `doors/readers.py` starts it.

A mail that takes it too long, or too much memory, ends it.

In: a pickle for each mail, its bytes, our domain and the envelope sender. Out: a pickle of None when it is
ready, then of a `Mail` or an `Unreadable` for each. It ends when nobody can ask it any more.
"""

import pickle
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from mailflow.errors import Unreadable
from mailflow.mail.reading import Mail, read

CPU = 2.0
"""Seconds of computing for one mail; within our own limits the worst takes a third of it."""

CPU_EACH_MEBIBYTE = 0.1
"""More for a large one: all of its content is decoded."""

MEBIBYTE = 1024 * 1024
MEMORY = 1024 * MEBIBYTE
"""Address space; a mail of 25 MB takes a quarter of it."""


Read = Callable[[bytes, str, str], Mail]


def main(asked: BinaryIO, told: BinaryIO, read: Read) -> None:
    """Answer on `told`, within these limits, what comes on `asked`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever asks finishes first, and ends us then
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    _tell(told, None)
    while True:
        try:
            raw, domain, sender = pickle.load(asked)
        except EOFError:
            return
        # Time of ours, not on the wall: a busy machine must park nobody's mail. It ends also what is deep in C.
        signal.setitimer(signal.ITIMER_PROF, CPU + CPU_EACH_MEBIBYTE * len(raw) / MEBIBYTE)
        answer = _answer(read, raw, domain, sender)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _tell(told, answer)


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
