"""Time zones by the names that people type."""

import functools
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

LONGEST_NAME = 64
"""Letters of a zone's name at most; the longest that there is has half of that."""


@functools.cache
def zone_names() -> frozenset[str]:
    """The IANA names of all zones."""
    return frozenset(available_timezones())


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of that name, in any letter case and with blanks for underscores; None if there is none."""
    found = _by_key().get(_key(name))
    return ZoneInfo(found) if found else None


def zones_like(name: str) -> list[str]:
    """Up to three zones that may have been meant: by their last part, which is a city, or by a likeness of letters."""
    key = _key(name[:LONGEST_NAME])
    cities = {known.rpartition("/")[2]: full for known, full in sorted(_by_key().items())}
    close = [cities[city] for city in get_close_matches(key.rpartition("/")[2], cities, n=3)]
    return list(dict.fromkeys(close))


@functools.cache
def _by_key() -> dict[str, str]:
    return {_key(name): name for name in zone_names()}


def _key(name: str) -> str:
    return "_".join(name.split()).casefold()
