"""Room on the disk: mail stops coming in before there is none, and a reserve lets what was begun be finished.

Without room a database cannot even delete. So a file that has nothing in it takes some of the room, and gives it back
when the disk is full.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mailflow.journal import log

LEAST = 200 * 1024**2
"""Free octets below which nothing more is taken in; on a small disk the twentieth part of it, if that is less."""

PART = 20

RESERVE = 16 * 1024**2
"""Octets that the reserve has: the transactions of some hundred mails."""

FILE = "reserve"

STALE = 0.1
"""Seconds after which the disk is looked at again: what may come meanwhile is little of what must be free."""


def has_room(folder: Path, beside: int = 0) -> bool:
    """Whether there is room for mail to come, beside so many octets and what is under way."""
    usage = shutil.disk_usage(folder)
    return usage.free - beside >= min(LEAST, usage.total // PART)


def seen_to(folder: Path, clock: Callable[[], float]) -> Callable[[], bool]:
    """As `has_room`, at any time: the disk is looked at now and then, by a clock of seconds, and the reserve made."""
    looked, found = -STALE, False

    def look() -> bool:
        nonlocal looked, found
        if clock() - looked >= STALE:
            looked, found = clock(), has_room(folder)
            if found:
                keep_reserve(folder)  # it may have been given up since
        return found

    return look


def keep_reserve(folder: Path) -> None:
    """Make the reserve, if there is none and there is room for it and for mail."""
    path = folder / FILE
    if path.exists() or not has_room(folder, RESERVE):
        return
    try:
        with path.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE)
    except OSError:  # others took the room meanwhile; a file without room is no reserve
        with suppress(OSError):
            path.unlink()
    else:
        log.info("reserve.made", octets=RESERVE)


def release_reserve(folder: Path) -> bool:
    """Give up the reserve; False if there was none."""
    try:
        (folder / FILE).unlink()
    except OSError:
        return False
    log.warning("reserve.given_up", octets=RESERVE)
    return True
