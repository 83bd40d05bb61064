"""A reader that does to itself what a mail says: `python -m tests.doors.obedient_reader`."""

import os
import signal
import sys
import time

from mailflow.mail.__main__ import main
from mailflow.mail.reading import Mail, read

COMMAND = (sys.executable, "-m", "tests.doors.obedient_reader")


def obey(raw: bytes, domain: str, sender: str | None) -> Mail:
    """Read a mail, unless it has one of the words that end its reader; `NICENESS` becomes the reader's."""
    if b"EXIT" in raw:
        os._exit(7)
    if b"CRASH" in raw:
        os.kill(os.getpid(), signal.SIGSEGV)
    while b"SPIN" in raw:
        pass
    if b"HANG" in raw:
        time.sleep(60)
    if b"EAT" in raw:
        bytearray(2 * 1024**3)
    return read(raw.replace(b"NICENESS", b"%d" % os.nice(0)), domain, sender)


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer, obey)
