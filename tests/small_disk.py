"""A disk of its own, so small that a test can fill it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SMALL = 128 * 1024**2
"""Octets: below a twentieth of them nothing is taken in, which has to be more than the log that SQLite writes before it
begins anew (4 MB), since what is under way is finished in that."""

STEP, PAGE = 1024**2, 4096
"""Octets that are taken at once: what does not fit is given back, and must not be felt by others."""


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """The disk, mounted on a folder; the test is skipped where nobody may."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a disk")
    options = ["-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    subprocess.run(["mount", *options], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """A file that takes all the room but that much; not what somebody else gives back meanwhile."""
    path = folder / "filler"
    more = max(0, free(folder) - leave)
    with path.open("ab") as file, suppress(OSError):  # somebody else took the last of it
        for size, number in ((STEP, more // STEP), (PAGE, more % STEP // PAGE)):
            for _ in range(number):
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
    return path


def free(folder: Path) -> int:
    """The octets that nobody has taken."""
    usage = os.statvfs(folder)
    return usage.f_bavail * usage.f_frsize
