"""The hosts' own calendars: what was read from them, and what is to be written."""

from dataclasses import dataclass
from datetime import datetime

from mailflow.store.columns import table


@table()
@dataclass(frozen=True, slots=True)
class CalendarState:
    """What is known of one calendar of a host."""

    key: str
    """Digest of what the configuration says of it: its address may be a secret."""
    host: str
    tried: datetime
    read: datetime | None = None
    """When what is known of it was last seen to be so."""
    covers: datetime | None = None
    """Up to when its busy times are known."""
    mark: str = ""
    """How its server calls that state."""
    unreadable: int = 0
    """Events that had to be left out."""
    error: str = ""
    """What the last try came to, if it failed."""


@table(indexes=[("calendar", "end")])
@dataclass(frozen=True, slots=True)
class BusyTime:
    """A time that one calendar of a host has as taken."""

    id: int
    calendar: str
    start: datetime
    end: datetime


@table(unique=[("booking", "calendar")], indexes=[("due",)])
@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A booking that a host's calendar on a server does not have yet as it stands."""

    id: int
    booking: str
    host: str
    calendar: str
    due: datetime
    attempts: int = 0
    detail: str = ""
    """What the last attempt came to."""
