"""Free time against a plain computation, minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.appointments.availability import (
    HostTime,
    Hours,
    Rules,
    collisions,
    free_slots,
    objections,
)
from mailflow.config import Window
from mailflow.spans import Span
from tests.appointments.hours import DAY, HOUR, MINUTE, ZONES, changes

Plain = tuple[datetime, datetime]


def plainly_free(
    rules: Rules, hosts: dict[int, tuple[HostTime, list[Plain]]], start: datetime, now: datetime
) -> bool:
    """Whether a slot is free, word by word as the rules say; each host comes with its windows."""
    end = start + rules.duration
    if not now + rules.minimum_notice <= start <= now + rules.horizon:
        return False
    for index, (host, windows) in hosts.items():
        fitting = [opens for opens, closes in windows if opens <= start and end <= closes]
        if index == 0:
            fitting = [
                opens for opens in fitting if (start - opens) % rules.increment == 0 * MINUTE
            ]
        if not fitting:
            return False
        for busy in host.busy:
            if busy.start < end + rules.buffer_after and start - rules.buffer_before < busy.end:
                return False
        today = start.astimezone(host.hours.zone).date()
        booked = [b for b in host.booked if b.astimezone(host.hours.zone).date() == today]
        if rules.daily_limit and len(booked) >= rules.daily_limit:
            return False
    return True


def plain_windows(hours: Hours, around: datetime) -> list[Plain]:
    found = []
    for number in range(-3, 5):
        day = around.date() + number * DAY
        each = hours.overrides[day] if day in hours.overrides else hours.weekly[day.weekday()]
        for window in each:
            opens = plain_instant(day, window.start, hours.zone)
            found.append((opens, plain_instant(day, window.end, hours.zone)))
    return found


def plain_instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    wall = datetime.combine(day, time()) + minute * MINUTE
    offset = wall.replace(tzinfo=zone, fold=0).utcoffset()
    return (wall - (offset or timedelta())).replace(tzinfo=UTC)


def quarters(least: int, most: int) -> st.SearchStrategy[timedelta]:
    return st.integers(least, most).map(lambda number: number * 15 * MINUTE)


def quarter_window(first: int, count: int) -> Window:
    return Window(15 * first, 15 * min(first + count, 96))


WINDOWS_OF_A_DAY = st.lists(
    st.builds(quarter_window, st.integers(0, 95), st.integers(1, 96)), max_size=3
).map(tuple)


@st.composite
def days_to_try(draw: st.DrawFn) -> tuple[ZoneInfo, datetime]:
    """A zone, and the beginning of a day of it: one with a clock change, if that year has any."""
    zone = draw(st.sampled_from(ZONES))
    year = datetime(draw(st.integers(1990, 2036)), 1, 1, tzinfo=UTC)
    return zone, draw(st.sampled_from([*changes(zone, year, year + 366 * DAY)] or [year]))


@st.composite
def host_times(draw: st.DrawFn, zone: ZoneInfo, day: datetime) -> HostTime:
    usual, weekend = draw(WINDOWS_OF_A_DAY), draw(WINDOWS_OF_A_DAY)
    weekly = {weekday: usual if weekday < 5 else weekend for weekday in range(7)}
    overrides = draw(st.dictionaries(st.just(day.date()), WINDOWS_OF_A_DAY, max_size=1))
    moments = quarters(-96, 192).map(lambda since: day + since + 7 * MINUTE)
    lengths = st.sampled_from([5 * MINUTE, 38 * MINUTE, 3 * HOUR])
    busy = st.tuples(moments, lengths).map(lambda pair: Span(pair[0], pair[0] + pair[1]))
    return HostTime(
        Hours(zone, weekly, overrides),
        tuple(draw(st.lists(busy, max_size=6))),
        tuple(draw(st.lists(moments, max_size=3))),
    )


@st.composite
def some_rules(draw: st.DrawFn) -> Rules:
    return Rules(
        duration=draw(quarters(1, 8)),
        increment=draw(st.sampled_from([10, 15, 25, 50, 60])) * MINUTE,
        buffer_before=draw(quarters(0, 2)),
        buffer_after=draw(quarters(0, 2)),
        minimum_notice=draw(quarters(0, 8)),
        horizon=draw(quarters(0, 200)),
        daily_limit=draw(st.integers(0, 2)),
    )


@settings(max_examples=60, deadline=None)
@given(st.data(), days_to_try(), st.sampled_from(ZONES), some_rules())
def test_free_slots_and_objections_agree_with_a_plain_computation(
    data: st.DataObject, day_to_try: tuple[ZoneInfo, datetime], other: ZoneInfo, rules: Rules
) -> None:
    zone, day = day_to_try
    hosts = [data.draw(host_times(zone, day))]
    hosts += data.draw(st.lists(host_times(other, day), max_size=1))
    now = day - data.draw(quarters(0, 40))
    minutes = [day + number * MINUTE for number in range(26 * 60)]
    slots = free_slots(rules, hosts, Span(minutes[0], minutes[-1] + MINUTE), now)

    plain = {i: (host, plain_windows(host.hours, day)) for i, host in enumerate(hosts)}
    expected = [minute for minute in minutes if plainly_free(rules, plain, minute, now)]
    assert slots == [Span(start, start + rules.duration) for start in expected]
    for minute in minutes[:: len(minutes) // 40]:
        assert (objections(rules, hosts, minute, now) == []) == (minute in expected)
    assert all(objections(rules, hosts, slot.start, now) == [] for slot in slots)
    assert all(collisions(rules, hosts, slot.start) == [] for slot in slots)
