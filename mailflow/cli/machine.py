"""What mailflow needs of its machine: files that nobody else reads, room on the disk, a clock that is right."""

import ctypes
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from mailflow.cli.findings import Finding, fail, ok, warn
from mailflow.config import Config
from mailflow.store.engines import is_embedded
from mailflow.store.room import has_room

LITTLE = 1024**3
"""Free octets below which the disk may be full before long."""

UNSYNCHRONISED = 5
"""What adjtimex(2) answers while nothing keeps the clock right (TIME_ERROR)."""


def machine_findings(settings: Config) -> Iterator[Finding]:
    """Each file that is somebody's alone, the disk, the clock."""
    for name, path in _private(settings):
        yield private_finding(name, path)
    yield disk_finding(
        _first_that_exists(settings.mailflow.data_dir), embedded=is_embedded(settings)
    )
    yield clock_finding(clock_state)


def private_finding(name: str, path: Path) -> Finding:
    """Whether its owner alone may read a file or look into a folder."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = 700 if path.is_dir() else 600
        return warn(name, f"others may read {path}", f"chmod {mode} {path}")
    return ok(name, f"{path} is its owner's alone")


def disk_finding(folder: Path, *, embedded: bool) -> Finding:
    """Whether there is room for the mail of some time; an `embedded` database has all of it there."""
    free = shutil.disk_usage(folder).free
    said = f"{free // 1024**2} MB are free for {folder}"
    if embedded and not has_room(folder):
        return fail("disk", f"{said}: no mail is taken", "make room")
    if free < LITTLE:
        return warn("disk", said, "make room: when it is full, mail waits where it comes from")
    return ok("disk", said)


def clock_finding(state: Callable[[], int]) -> Finding:
    """Whether something keeps the clock right: links run out and reminders go out by it."""
    if state() == UNSYNCHRONISED:
        advice = "run something that does, such as systemd-timesyncd or chrony"
        return warn("clock", "nothing keeps the clock of this machine right", advice)
    return ok("clock", "the clock of this machine is kept right")


def clock_state() -> int:
    """What the kernel says of its clock; negative where it does not tell."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    # Nothing is asked to be changed, and a struct timex is shorter than this.
    return int(adjtimex(ctypes.create_string_buffer(512))) if adjtimex else -1


def _private(settings: Config) -> Iterator[tuple[str, Path]]:
    """The secrets, and the folder where the mail lies."""
    yield "secret", settings.mailflow.secret_file
    smarthost = settings.smarthost
    passwords = [one.password_file for host in settings.hosts for one in host.calendars]
    for path in (smarthost.password_file, smarthost.dkim_key_file, *passwords):
        if path is not None:
            yield "password" if path != smarthost.dkim_key_file else "DKIM key", path
    if settings.mailflow.data_dir.exists():
        yield "data", settings.mailflow.data_dir


def _first_that_exists(path: Path) -> Path:
    return next(one for one in (path, *path.parents) if one.exists())
