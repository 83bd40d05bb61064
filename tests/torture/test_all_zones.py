"""Every clock change of every zone, for ten years: free time against somebody who watches the clock."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from mailflow.appointments.availability import HostTime, Hours, free_slots
from mailflow.config import Window
from mailflow.spans import Span
from tests.appointments.hours import DAY, MINUTE, ZONES, changes, rules
from tests.conftest import Count, Figure

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
ALL_DAY = Window(0, 1440)
AT_NIGHT = (Window(90, 210), Window(1320, 1440))
"""When clocks are changed: 01:30 to 03:30, and 22:00 to midnight."""

QUARTER = 15 * MINUTE

Reading = tuple[date, int]
"""What a clock shows: a date, and minutes since midnight."""


def test_no_slot_is_missing_and_none_is_doubled(count: Count, figure: Figure) -> None:
    found = [(zone, day) for zone in ZONES for day in changes(zone, FIRST, LAST)]
    looked_at = found[:: len(found) // count(60, len(found))]
    for zone, day in looked_at:
        days = [day.date() + number * DAY for number in (-1, 0, 1, 2)]
        expected = by_the_clock(zone, days)
        assert free_starts(zone, dict.fromkeys(days, AT_NIGHT), day) == expected, (zone, day)
        around = Span(day - DAY, day + 2 * DAY)
        always = Hours(zone, dict.fromkeys(range(7), (ALL_DAY,)), {})
        slots = free_slots(rules(15), [HostTime(always, (), ())], around, day - 9 * DAY)
        assert slots[0].start == around.start
        assert slots[-1].end == around.end
        assert all(one.end == other.start for one, other in pairwise(slots)), (zone, day)
    figure("clock changes looked at, of all zones in ten years", len(looked_at))


def free_starts(
    zone: ZoneInfo, windows: dict[date, tuple[Window, ...]], day: datetime
) -> list[datetime]:
    """The quarters of an hour that are free, by the rules of the house."""
    around = Span(day - 4 * DAY, day + 5 * DAY)
    host = HostTime(Hours(zone, {}, windows), (), ())
    return [one.start for one in free_slots(rules(15), [host], around, day - 9 * DAY)]


def by_the_clock(zone: ZoneInfo, days: list[date]) -> list[datetime]:
    """The same, by who sits before a clock and looks at it every minute."""
    midnight = datetime(days[0].year, days[0].month, days[0].day, tzinfo=UTC) - DAY
    shown: dict[Reading, datetime] = {}
    for number in range((len(days) + 2) * 24 * 60):
        instant = midnight + number * MINUTE
        clock = instant.astimezone(zone)
        shown.setdefault((clock.date(), clock.hour * 60 + clock.minute), instant)
    starts: set[datetime] = set()
    for day in days:
        for window in AT_NIGHT:
            start, end = (first_shown(shown, day, minute) for minute in (window.start, window.end))
            starts.update(_quarters(start, end))
    return sorted(starts)


def first_shown(shown: dict[Reading, datetime], day: date, minute: int) -> datetime:
    """When the clock shows that first; what it leaves out would have come so long after what it showed before."""
    skipped = timedelta()
    while (reading := (day + DAY * (minute // 1440), minute % 1440)) not in shown:
        day, minute = (day, minute - 1) if minute else (day - DAY, 1439)
        skipped += MINUTE
    return shown[reading] + skipped


def _quarters(start: datetime, end: datetime) -> Iterable[datetime]:
    while start + QUARTER <= end:
        yield start
        start += QUARTER
