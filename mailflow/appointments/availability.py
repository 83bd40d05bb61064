"""When hosts are free: hours, notice, horizon, buffers, busy times and daily limits.

A computation on values. Hours are wall-clock times of a host's zone and are turned into UTC
first; from there on everything is instants, since two local times of a repeated hour compare
equal.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import TypeVar
from zoneinfo import ZoneInfo

from mailflow.config import Window
from mailflow.spans import MINUTE, Span, wall_time

Time = TypeVar("Time", datetime, timedelta)

_EVER = datetime.min.replace(tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A host's open windows, on the clocks of `zone`: by weekday (0 is Monday), or by date."""

    zone: ZoneInfo
    weekly: Mapping[int, tuple[Window, ...]]
    overrides: Mapping[date, tuple[Window, ...]]

    def on(self, day: date) -> tuple[Window, ...]:
        windows = self.overrides.get(day)
        return self.weekly.get(day.weekday(), ()) if windows is None else windows


@dataclass(frozen=True, slots=True)
class HostTime:
    """What one host's time looks like to one appointment type.

    `busy` are the spans that must not be touched, in any order: bookings, padded with their own
    buffers, and the busy times of calendars. `booked` are the starts of the type's own bookings,
    which count towards its daily limit.
    """

    hours: Hours
    busy: tuple[Span, ...]
    booked: tuple[datetime, ...]
    unknown: bool = False
    """Nobody knows when this host is busy: a calendar could not be read for too long."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an appointment type asks of a slot; `daily_limit` 0 is none."""

    duration: timedelta
    increment: timedelta
    buffer_before: timedelta
    buffer_after: timedelta
    minimum_notice: timedelta
    horizon: timedelta
    daily_limit: int

    def slot(self, start: datetime) -> Span:
        return Span(start, start + self.duration)

    def padded(self, start: datetime) -> Span:
        """The slot with its buffers: what no busy span may overlap."""
        return Span(start - self.buffer_before, start + self.duration + self.buffer_after)


class Reason(StrEnum):
    """Why a time is not free."""

    TOO_SOON = "too soon"
    TOO_FAR = "too far ahead"
    OUTSIDE_HOURS = "outside hours"
    OFF_GRID = "between two starts"
    BUSY = "busy"
    DAILY_LIMIT = "daily limit reached"
    UNKNOWN = "calendar not read"


@dataclass(frozen=True, slots=True)
class Objection:
    """One reason why a time is not free; `host` is an index, where the reason is a host's own."""

    reason: Reason
    host: int | None = None
    span: Span | None = None


def free_slots(rules: Rules, hosts: Sequence[HostTime], within: Span, now: datetime) -> list[Span]:
    """The slots that start in `within` and that every host has free, sorted, each start once.

    `hosts` has at least one. Starts step from the start of each window of the first host in
    elapsed time. Time grows with the days up to the horizon and, but for sorting, with the number
    of busy spans.
    """
    owner, *others = hosts
    first = max(within.start, now + rules.minimum_notice)
    last = min(within.end - datetime.resolution, now + rules.horizon)
    if last < first or any(host.unknown for host in hosts):
        return []
    starts = _grid(rules, owner.hours, first, last)
    for host in others:
        starts = _inside(starts, _openings(host.hours, first, last), rules)
    for host in hosts:
        starts = _clear(starts, host.busy, rules)
        starts = _below_limit(starts, host, rules)
    return [rules.slot(start) for start in starts]


def objections(
    rules: Rules, hosts: Sequence[HostTime], start: datetime, now: datetime
) -> list[Objection]:
    """Every reason why a slot at `start` is not free; none if it is one of `free_slots`."""
    found = []
    if start < now + rules.minimum_notice:
        found.append(Objection(Reason.TOO_SOON))
    if start > now + rules.horizon:
        found.append(Objection(Reason.TOO_FAR))
    for index, host in enumerate(hosts):
        windows = _windows_around(rules.slot(start), host.hours)
        if not windows:
            found.append(Objection(Reason.OUTSIDE_HOURS, index))
        elif index == 0 and all((start - window.start) % rules.increment for window in windows):
            found.append(Objection(Reason.OFF_GRID, index))
        found += (Objection(Reason.BUSY, index, span) for span in _overlapping(rules, host, start))
        if not _below_limit([start], host, rules):
            found.append(Objection(Reason.DAILY_LIMIT, index))
        if host.unknown:
            found.append(Objection(Reason.UNKNOWN, index))
    return found


def collisions(rules: Rules, hosts: Sequence[HostTime], start: datetime) -> list[Span]:
    """The busy spans that a slot at `start`, with its buffers, would overlap, sorted, each once.

    This is all that an explicit time must pass: it may break hours, notice and limits.
    """
    found = {span for host in hosts for span in _overlapping(rules, host, start)}
    return sorted(found, key=attrgetter("start", "end"))


def spread(slots: Sequence[Span], count: int, zone: ZoneInfo) -> list[Span]:
    """The slots that an offer lists: at most `count`, sorted, over two days or more if there are.

    The next days come first, none with more than half of the list as long as other days have
    slots left; of each day the slots are taken at even distances, from its first one on.
    """
    by_day: dict[date, list[Span]] = {}
    for slot in slots:
        by_day.setdefault(slot.start.astimezone(zone).date(), []).append(slot)
    shares = _shares([len(day) for day in by_day.values()], count)
    chosen = (
        day[number * len(day) // share]
        for day, share in zip(by_day.values(), shares, strict=True)
        for number in range(share)
    )
    return sorted(chosen, key=attrgetter("start"))


def _shares(sizes: Sequence[int], count: int) -> list[int]:
    """How many of `count` each day gives: half of them at most, then whatever is left to give."""
    shares, left = [0] * len(sizes), count
    for most in (-(-count // 2), count):
        for index, size in enumerate(sizes):
            more = min(min(size, most) - shares[index], left)
            shares[index] += more
            left -= more
    return shares


def _grid(rules: Rules, hours: Hours, first: datetime, last: datetime) -> list[datetime]:
    """The starts from `first` to `last` whose slot fits into the window that it is counted from, sorted, each once."""

    @cache  # most days are like others
    def since_midnight(windows: tuple[Window, ...]) -> list[timedelta]:
        return [
            start
            for window in windows
            for start in _steps(rules, window.start * MINUTE, window.end * MINUTE)
        ]

    starts: list[datetime] = []
    for day, midnight in _days(hours.zone, first, last):
        if midnight is None:
            opened = _on(day, hours)
            starts += [start for one in opened for start in _steps(rules, one.start, one.end)]
        else:
            starts += [midnight + since for since in since_midnight(hours.on(day))]
    starts.sort()
    within = starts[bisect_left(starts, first) : bisect_right(starts, last)]
    # Windows may overlap, and those of a day that the zone skips lie upon the next day's.
    return [start for start, _ in groupby(within)]


def _steps(rules: Rules, opens: Time, closes: Time) -> list[Time]:
    """The starts in a window, in elapsed time: none in one that a clock change leaves nothing of."""
    number = (closes - opens - rules.duration) // rules.increment + 1
    return [opens + step * rules.increment for step in range(number)]


def _openings(hours: Hours, first: datetime, last: datetime) -> list[Span]:
    """The windows of hours in UTC, sorted by start: all that hold an instant of `first` to `last`.

    A window that a clock change leaves nothing of ends where it starts or before, and holds no slot.
    """
    days = _days(hours.zone, first, last)
    windows = [window for day, midnight in days for window in _on(day, hours, midnight)]
    return sorted(windows, key=attrgetter("start"))


def _days(
    zone: ZoneInfo, first: datetime, last: datetime
) -> Iterator[tuple[date, datetime | None]]:
    """The days that may hold an instant of `first` to `last`, each with its midnight; with None if its clock changes.

    The days beside the range count too: a clock change can carry a window into another date.
    """
    # Among datetimes of one zone, sums and comparisons are those of its wall clock (PEP 495).
    midnight = datetime.combine(first.astimezone(zone) - _DAY, time.min, zone)
    until = last.astimezone(zone) + _DAY
    begins = midnight.astimezone(UTC)
    while midnight <= until:
        day = midnight.date()
        midnight += _DAY
        ends = midnight.astimezone(UTC)
        yield day, begins if ends - begins == _DAY else None
        begins = ends


def _on(day: date, hours: Hours, midnight: datetime | None = None) -> list[Span]:
    """The windows of one day; without its midnight the zone is asked for each time."""

    def at(minute: int) -> datetime:
        if midnight is None:
            return wall_time(day, minute, hours.zone)
        return midnight + minute * MINUTE

    return [Span(at(window.start), at(window.end)) for window in hours.on(day)]


def _inside(starts: list[datetime], windows: Iterable[Span], rules: Rules) -> list[datetime]:
    # A window may begin with the slot, and `_reaches` looks at what begins before.
    reaches = _reaches(windows, [start + datetime.resolution for start in starts])
    long = rules.duration
    return [start for start, reach in zip(starts, reaches, strict=True) if start + long <= reach]


def _clear(starts: list[datetime], busy: Iterable[Span], rules: Rules) -> list[datetime]:
    lead, tail = rules.buffer_before, rules.duration + rules.buffer_after
    reaches = _reaches(busy, [start + tail for start in starts])
    return [start for start, reach in zip(starts, reaches, strict=True) if reach <= start - lead]


def _reaches(spans: Iterable[Span], instants: Iterable[datetime]) -> list[datetime]:
    """For each of the ascending instants: the latest end among the spans that begin before it."""
    coming = sorted(spans, key=attrgetter("start"), reverse=True)
    reach, reaches = _EVER, []
    for instant in instants:
        while coming and coming[-1].start < instant:
            end = coming.pop().end
            if end > reach:  # noqa: PLR1730 -- `max` takes four times as long
                reach = end
        reaches.append(reach)
    return reaches


def _below_limit(starts: list[datetime], host: HostTime, rules: Rules) -> list[datetime]:
    if not rules.daily_limit:
        return starts
    zone = host.hours.zone
    counts = Counter(start.astimezone(zone).date() for start in host.booked)
    return [s for s in starts if counts[s.astimezone(zone).date()] < rules.daily_limit]


def _windows_around(slot: Span, hours: Hours) -> list[Span]:
    return [
        window
        for window in _openings(hours, slot.start, slot.start)
        if window.start <= slot.start and slot.end <= window.end
    ]


def _overlapping(rules: Rules, host: HostTime, start: datetime) -> list[Span]:
    padded = rules.padded(start)
    return [span for span in host.busy if span.overlaps(padded)]
