"""A disk of its own, so small that a test can fill it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SMALL = 48 * 1024**2
"""Octets."""


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
    """A file that takes all the room but that much."""
    path = folder / "filler"
    with path.open("ab") as file:
        while (more := _free(folder) - leave) > 0:
            with suppress(OSError):  # somebody else took some of it meanwhile
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, more)
    return path


def _free(folder: Path) -> int:
    usage = os.statvfs(folder)
    return usage.f_bavail * usage.f_frsize
