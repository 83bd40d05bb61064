"""Spans of time: half-open, between two instants in UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The time from `start` up to, but without, `end`: aware datetimes in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share time; spans that only touch do not."""
        return self.start < other.end and other.start < self.end


def ahead(zone: str, instant: datetime) -> int:
    """How many seconds the clocks of a zone are ahead of UTC at an instant."""
    offset = instant.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return offset // timedelta(seconds=1)


def wall_time(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which `minute` minutes after midnight stand on the clocks of `zone`.

    Minute 1440 is the next day's midnight. A time that a clock change skips or repeats is taken
    as zoneinfo does with fold 0: by the offset that held before the change.
    """
    # Adding to an aware datetime moves its wall clock (PEP 495), whatever changes lie between.
    return (datetime.combine(day, time.min, zone) + minute * MINUTE).astimezone(UTC)


def whole_days(first: date, last: date, zone: ZoneInfo) -> Span:
    """The days from `first` to `last`, both whole, as the calendar of `zone` has them."""
    return Span(wall_time(first, 0, zone), wall_time(last, 24 * 60, zone))
