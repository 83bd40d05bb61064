"""Works on mails, one after another, in a process of its own, which can be ended; `doors/readers.py` starts it.

A mail that takes it too long, or too much memory, ends it.

In: for each mail a pickle of what is to be done (`mail.tasks`) and of how many octets it has, then these. Out: a pickle
of None and 0 when it is ready, then for each one of a `Mail`, an `Outline` or an `Unreadable`, and of how many octets
follow: those of the body that was made. It ends when nobody can ask it any more.
"""

import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from mailflow.errors import Unreadable
from mailflow.mail.reading import Mail, read
from mailflow.mail.tasks import Reading, Relaying
from mailflow.mail.wire.body_hashes import Outline, outline

CPU = 2.0
"""Seconds of computing for one mail; within our own limits the worst takes a third of it."""

CPU_EACH_MEBIBYTE = 0.1
"""More for a large one: all of its content is decoded."""

MEBIBYTE = 1024 * 1024
MEMORY = 1024 * MEBIBYTE
"""Address space; a mail of 25 MB takes a quarter of it."""

NICENESS = 5
"""Those who serve go first: without a processor they hold up everybody who talks to them."""


Answer = Mail | Outline | Unreadable

Read = Callable[[bytes, str, str | None], Mail]


def main(asked: BinaryIO, told: BinaryIO, read: Read) -> None:
    """Answer on `told`, within these limits, what comes on `asked`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever asks finishes first, and ends us then
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.nice(NICENESS)
    _tell(told, None)
    while True:
        try:
            task, size = pickle.load(asked)
        except EOFError:
            return
        raw = asked.read(size)
        # Time of ours, not on the wall: a busy machine must park nobody's mail. It ends also what is deep in C.
        signal.setitimer(signal.ITIMER_PROF, CPU + CPU_EACH_MEBIBYTE * len(raw) / MEBIBYTE)
        answer, body = _answer(read, raw, task)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _tell(told, answer, body)


def _answer(read: Read, raw: bytes, task: Reading | Relaying) -> tuple[Answer, bytes]:
    try:
        if isinstance(task, Reading):
            return read(raw, task.domain, task.sender), b""
        body = task.body(raw)
        return outline(body), body
    except Unreadable as error:
        return error, b""


def _tell(told: BinaryIO, answer: Answer | None, body: bytes = b"") -> None:
    pickle.dump((answer, len(body)), told, pickle.HIGHEST_PROTOCOL)
    told.write(body)
    told.flush()


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer, read)
