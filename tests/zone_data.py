"""Releases of the zone data that differ from the one that is installed."""

import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path


def lay_out(folder: Path, zones: dict[str, str]) -> Path:
    """A folder of zone data in which each of these zones has the rules of another; returns it."""
    for zone, other in zones.items():
        path = folder / zone
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files("tzdata").joinpath("zoneinfo", other).read_bytes())
    return folder


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """What stands in that folder counts before all other zone data, as after a new start."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([folder, *before])
    zoneinfo.ZoneInfo.clear_cache()
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(before)
        zoneinfo.ZoneInfo.clear_cache()
