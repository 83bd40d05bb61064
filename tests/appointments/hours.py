"""Hosts, rules and times in few words, for the tests of free time."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from mailflow.appointments.availability import HostTime, Hours, Rules
from mailflow.config import Window
from mailflow.spans import Span

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]
MONDAY = datetime(2026, 12, 7, tzinfo=UTC)


def at(text: str) -> datetime:
    """A time in UTC, of the Monday of these tests unless `text` has a date."""
    return datetime.fromisoformat(text if "T" in text else f"2026-12-07T{text}").replace(tzinfo=UTC)


def span(text: str) -> Span:
    start, end = text.split("-")
    return Span(at(start), at(end))


def window(text: str) -> Window:
    start, end = (int(t[:2]) * 60 + int(t[3:]) for t in text.split("-"))
    return Window(start, end)


def rules(
    minutes: int = 60,
    increment: int = 0,
    before: int = 0,
    after: int = 0,
    notice: timedelta = timedelta(),
    horizon: timedelta = 60 * DAY,
    limit: int = 0,
) -> Rules:
    return Rules(
        duration=minutes * MINUTE,
        increment=(increment or minutes) * MINUTE,
        buffer_before=before * MINUTE,
        buffer_after=after * MINUTE,
        minimum_notice=notice,
        horizon=horizon,
        daily_limit=limit,
    )


def host(
    *windows: str, zone: str = "UTC", busy: Sequence[str] = (), booked: Sequence[str] = ()
) -> HostTime:
    """A host with the same windows on every day."""
    weekly = dict.fromkeys(range(7), tuple(map(window, windows)))
    hours = Hours(ZoneInfo(zone), weekly, {})
    return HostTime(hours, tuple(map(span, busy)), tuple(map(at, booked)))


def changes(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[datetime]:
    """The midnights (UTC) that begin a day in which the zone's offset changes."""
    day, offset = first, first.astimezone(zone).utcoffset()
    while day < last:
        after = (day + DAY).astimezone(zone).utcoffset()
        if offset != after:
            yield day
        day, offset = day + DAY, after
