from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.appointments.availability import (
    HostTime,
    Hours,
    Objection,
    Reason,
    Rules,
    collisions,
    free_slots,
    objections,
    spread,
)
from mailflow.config import Window
from mailflow.spans import Span
from tests.appointments.hours import (
    BERLIN,
    DAY,
    HOUR,
    MONDAY,
    ZONES,
    at,
    host,
    rules,
    span,
    window,
)


def starts(rules: Rules, *hosts: HostTime, now: datetime = MONDAY - DAY) -> list[str]:
    """The starts on the Monday of these tests."""
    found = free_slots(rules, hosts, Span(MONDAY, MONDAY + DAY), now)
    return [f"{slot.start:%H:%M}" for slot in found]


def test_overrides_replace_the_day_and_twenty_four_is_midnight() -> None:
    hours = Hours(BERLIN, {0: (window("09:00-10:00"),)}, {date(2026, 12, 8): (Window(1380, 1440),)})
    closed = Hours(BERLIN, hours.weekly, {date(2026, 12, 7): ()})
    week = Span(MONDAY, MONDAY + 7 * DAY)
    assert free_slots(rules(), [HostTime(hours, (), ())], week, MONDAY) == [
        span("08:00-09:00"),
        Span(at("2026-12-08T22:00"), at("2026-12-08T23:00")),
    ]
    assert free_slots(rules(), [HostTime(closed, (), ())], week, MONDAY) == []


FREE_STARTS = {
    "the grid begins with each window": (
        rules(60), [host("09:00-11:30", "13:15-15:00")], ["09:00", "10:00", "13:15"],
    ),
    "an increment shorter than the slot": (
        rules(60, increment=30), [host("09:00-11:00")], ["09:00", "09:30", "10:00"],
    ),
    "adjacent windows are two grids": (
        rules(50), [host("09:00-10:10", "10:10-11:30")], ["09:00", "10:10"],
    ),
    "windows in any order, overlapping, give each start once": (
        rules(60), [host("10:00-12:00", "09:00-12:00")], ["09:00", "10:00", "11:00"],
    ),
    "busy times block what they overlap, not what they touch": (
        rules(30), [host("09:00-11:00", busy=["09:30-10:00"])], ["09:00", "10:00", "10:30"],
    ),
    "a long busy time hides a short one inside it": (
        rules(30), [host("09:00-12:00", busy=["09:00-11:30", "09:30-09:45"])], ["11:30"],
    ),
    "buffers must touch no busy time": (
        rules(30, before=15, after=30),
        [host("09:00-12:00", busy=["10:15-10:30"])],
        ["09:00", "11:00", "11:30"],
    ),
    "buffers may leave the window": (
        rules(60, before=60, after=60), [host("09:00-10:00")], ["09:00"],
    ),
    "all hosts must be open": (
        rules(60), [host("09:00-12:00"), host("10:30-13:00")], ["11:00"],
    ),
    "another host's slot must fit into one of that host's windows": (
        rules(60), [host("09:00-12:00"), host("09:00-10:30", "10:30-12:00")], ["09:00", "11:00"],
    ),
    "another host's window may begin with the slot": (
        rules(60), [host("09:00-11:00"), host("10:00-11:00")], ["10:00"],
    ),
    "all hosts must be free": (
        rules(60), [host("09:00-12:00"), host("09:00-12:00", busy=["09:30-09:40"])],
        ["10:00", "11:00"],
    ),
    "a daily limit that is reached": (
        rules(60, limit=2), [host("09:00-12:00", booked=["07:00", "22:00"])], [],
    ),
    "a daily limit that is not reached": (
        rules(60, limit=2), [host("09:00-10:00", booked=["07:00"])], ["09:00"],
    ),
    "a daily limit counts dates of the host's own zone": (
        rules(60, limit=1),
        [host("00:00-02:00", zone="Asia/Tokyo", booked=["2026-12-08T02:00"])],
        [],
    ),
    "any host's daily limit counts": (
        rules(60, limit=1), [host("09:00-10:00"), host("09:00-10:00", booked=["07:00"])], [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("rules_", "hosts", "expected"), FREE_STARTS.values(), ids=list(FREE_STARTS)
)
def test_free_starts(rules_: Rules, hosts: list[HostTime], expected: list[str]) -> None:
    assert starts(rules_, *hosts) == expected


def test_notice_and_horizon_include_their_last_instant() -> None:
    narrow = rules(60, notice=2 * HOUR, horizon=4 * HOUR)
    open_all_day = host("00:00-24:00")
    assert starts(narrow, open_all_day, now=at("08:00")) == ["10:00", "11:00", "12:00"]
    assert starts(narrow, open_all_day, now=at("08:00") + datetime.resolution) == ["11:00", "12:00"]
    assert objections(narrow, [open_all_day], at("10:00"), at("08:00")) == []
    assert objections(narrow, [open_all_day], at("12:00"), at("08:00")) == []


def test_a_slot_starts_within_and_may_end_outside() -> None:
    slots = free_slots(rules(60), [host("09:00-12:00")], span("09:30-11:00"), MONDAY)
    assert slots == [span("10:00-11:00")]
    slots = free_slots(rules(60), [host("09:00-12:00")], span("10:30-11:01"), MONDAY)
    assert slots == [span("11:00-12:00")]
    assert free_slots(rules(60), [host("09:00-12:00")], span("11:00-11:00"), MONDAY) == []


def test_every_objection_is_named() -> None:
    first = host("09:00-12:00", busy=["10:00-10:20", "10:40-10:45"], booked=["08:00"])
    second = host("13:00-14:00")
    hasty = rules(60, notice=DAY, horizon=timedelta(), limit=1)
    assert objections(hasty, [first, second], at("10:15"), at("10:10")) == [
        Objection(Reason.TOO_SOON),
        Objection(Reason.TOO_FAR),
        Objection(Reason.OFF_GRID, 0),
        Objection(Reason.BUSY, 0, span("10:00-10:20")),
        Objection(Reason.BUSY, 0, span("10:40-10:45")),
        Objection(Reason.DAILY_LIMIT, 0),
        Objection(Reason.OUTSIDE_HOURS, 1),
    ]
    assert objections(rules(60), [first], at("11:00"), MONDAY) == []


def test_explicit_times_break_hours_and_limits_but_no_booking() -> None:
    first = host(busy=["03:00-03:30"], booked=["03:00"])
    second = host(busy=["04:40-05:00", "03:00-03:30"])
    buffered = rules(60, before=10, after=45, limit=1)
    assert collisions(buffered, [first, second], at("03:30")) == [
        span("03:00-03:30"),
        span("04:40-05:00"),
    ]
    assert collisions(rules(60), [first, second], at("03:30")) == []


def slots_at(*texts: str) -> list[Span]:
    """Slots by day of December 2026 and hour."""
    return [Span(start, start + HOUR) for start in (at(f"2026-12-{text}:00") for text in texts)]


MANY = slots_at(*(f"{day:02}T{hour:02}" for day in (7, 8, 9) for hour in range(8, 17)))

SPREADS = {
    "nothing free": ([], 6, []),
    "fewer than asked for": (slots_at("07T09", "08T09"), 6, slots_at("07T09", "08T09")),
    "three a day, mornings and afternoons": (
        MANY, 6, slots_at("07T08", "07T11", "07T14", "08T08", "08T11", "08T14"),
    ),
    "an odd number": (MANY, 5, slots_at("07T08", "07T11", "07T14", "08T08", "08T12")),
    "two are two days": (MANY, 2, slots_at("07T08", "08T08")),
    "one": (MANY, 1, slots_at("07T08")),
    "a third day before more of the first": (
        [*MANY[:9], *slots_at("08T10", "09T10")],
        5,
        slots_at("07T08", "07T11", "07T14", "08T10", "09T10"),
    ),
    "more of the first day where no other has any": (
        [*MANY[:9], *slots_at("08T10")],
        4,
        slots_at("07T08", "07T11", "07T14", "08T10"),
    ),
    "one day alone": (MANY[:9], 3, slots_at("07T08", "07T11", "07T14")),
}  # fmt: skip


@pytest.mark.parametrize(("slots", "count", "expected"), SPREADS.values(), ids=list(SPREADS))
def test_spread(slots: list[Span], count: int, expected: list[Span]) -> None:
    assert spread(slots, count, ZoneInfo("UTC")) == expected


def test_spread_counts_the_days_of_the_zone() -> None:
    around_midnight = slots_at("07T20", "07T21", "07T22", "07T23")
    assert spread(around_midnight, 2, BERLIN) == slots_at("07T20", "07T23")


@given(st.sets(st.integers(0, 200)), st.integers(0, 12), st.sampled_from(ZONES))
def test_spread_takes_the_first_slot_and_never_fewer_days_than_two(
    hours: set[int], count: int, zone: ZoneInfo
) -> None:
    slots = [Span(MONDAY + hour * HOUR, MONDAY + (hour + 1) * HOUR) for hour in sorted(hours)]
    chosen = spread(slots, count, zone)

    def days(of: list[Span]) -> int:
        return len({slot.start.astimezone(zone).date() for slot in of})

    assert len(set(chosen)) == len(chosen) == min(count, len(slots))
    assert [slot for slot in slots if slot in chosen] == chosen
    assert chosen[:1] == slots[: min(count, 1)]
    assert days(chosen) >= min(2, count, days(slots))
