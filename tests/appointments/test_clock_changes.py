from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from mailflow.appointments.availability import HostTime, Hours, free_slots, objections
from mailflow.config import Window
from mailflow.spans import Span, whole_days
from tests.appointments.hours import DAY, MINUTE, ZONES, at, changes, host, rules, window

# The windows of one day, the length of a slot in minutes, and the starts in UTC.
CLOCK_CHANGES = {
    "Berlin skips 02:00-03:00": (
        ("Europe/Berlin", "2026-03-29", "01:00-04:00", 60),
        ["29T00:00", "29T01:00"],
    ),
    "Berlin, a window inside the gap is empty": (
        ("Europe/Berlin", "2026-03-29", "02:00-03:00", 15),
        [],
    ),
    "Berlin repeats 02:00-03:00": (
        ("Europe/Berlin", "2026-10-25", "01:00-04:00", 60),
        ["24T23:00", "25T00:00", "25T01:00", "25T02:00"],
    ),
    "Berlin, a window that begins at a repeated time takes the first": (
        ("Europe/Berlin", "2026-10-25", "02:30-03:00", 30),
        ["25T00:30", "25T01:00", "25T01:30"],
    ),
    "New York skips 02:00-03:00": (
        ("America/New_York", "2026-03-08", "01:00-04:00", 60),
        ["08T06:00", "08T07:00"],
    ),
    "New York repeats 01:00-02:00": (
        ("America/New_York", "2026-11-01", "00:00-03:00", 60),
        ["01T04:00", "01T05:00", "01T06:00", "01T07:00"],
    ),
    "Lord Howe skips half an hour": (
        ("Australia/Lord_Howe", "2026-10-04", "01:00-03:00", 60),
        ["03T14:30"],
    ),
    "Lord Howe repeats half an hour": (
        ("Australia/Lord_Howe", "2026-04-05", "01:00-03:00", 30),
        ["04T14:00", "04T14:30", "04T15:00", "04T15:30", "04T16:00"],
    ),
    "Troll skips two hours": (
        ("Antarctica/Troll", "2026-03-29", "00:00-04:00", 60),
        ["29T00:00", "29T01:00"],
    ),
    "Troll repeats two hours": (
        ("Antarctica/Troll", "2026-10-25", "00:00-04:00", 60),
        ["24T22:00", "24T23:00", "25T00:00", "25T01:00", "25T02:00", "25T03:00"],
    ),
    "Casablanca goes back for Ramadan": (
        ("Africa/Casablanca", "2026-02-15", "01:00-04:00", 60),
        ["15T00:00", "15T01:00", "15T02:00", "15T03:00"],
    ),
    "Apia has no 30 December 2011": (
        ("Pacific/Apia", "2011-12-30", "00:00-24:00", 60),
        [],
    ),
    "Beirut has no midnight": (
        ("Asia/Beirut", "2026-03-29", "00:00-03:00", 60),
        ["28T22:00", "28T23:00"],
    ),
    "Beirut goes back at midnight": (
        ("Asia/Beirut", "2026-10-24", "22:00-24:00", 60),
        ["24T19:00", "24T20:00", "24T21:00"],
    ),
    "Cairo has no midnight": (
        ("Africa/Cairo", "2026-04-24", "00:00-03:00", 60),
        ["23T22:00", "23T23:00"],
    ),
    "Cairo goes back at midnight": (
        ("Africa/Cairo", "2026-10-29", "22:00-24:00", 60),
        ["29T19:00", "29T20:00", "29T21:00"],
    ),
    "Nuuk skips the last hour of a day": (
        ("America/Nuuk", "2026-03-28", "22:00-24:00", 60),
        ["29T00:00"],
    ),
    "Nuuk repeats the last hour of a day": (
        ("America/Nuuk", "2026-10-24", "22:00-24:00", 60),
        ["24T23:00", "25T00:00", "25T01:00"],
    ),
    "Havana repeats the first hour of a day": (
        ("America/Havana", "2026-11-01", "00:00-02:00", 60),
        ["01T04:00", "01T05:00", "01T06:00"],
    ),
    "Chatham changes at a quarter to four": (
        ("Pacific/Chatham", "2026-04-05", "02:00-04:00", 60),
        ["04T12:15", "04T13:15", "04T14:15"],
    ),
    "Kolkata never changes": (
        ("Asia/Kolkata", "2026-03-29", "09:00-10:00", 30),
        ["29T03:30", "29T04:00"],
    ),
}


@pytest.mark.parametrize(("given_", "expected"), CLOCK_CHANGES.values(), ids=CLOCK_CHANGES)
def test_windows_around_clock_changes(
    given_: tuple[str, str, str, int], expected: list[str]
) -> None:
    zone, day, hours, minutes = given_
    noon = datetime.fromisoformat(f"{day}T12:00Z")
    only = Hours(ZoneInfo(zone), {}, {noon.date(): (window(hours),)})
    around = Span(noon - 3 * DAY, noon + 3 * DAY)
    slots = free_slots(rules(minutes), [HostTime(only, (), ())], around, noon - 4 * DAY)
    assert [f"{slot.start:%dT%H:%M}" for slot in slots] == expected


def test_a_day_that_the_zone_skips_doubles_no_slot() -> None:
    noon = datetime(2011, 12, 30, 12, tzinfo=UTC)
    apia = host("09:00-12:00", zone="Pacific/Apia")
    slots = free_slots(rules(), [apia], Span(noon - DAY, noon + DAY), noon - DAY)
    assert [f"{slot.start:%dT%H}" for slot in slots] == [
        "29T19", "29T20", "29T21", "30T19", "30T20", "30T21",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        pytest.param("Pacific/Apia", "2011-12-30", "2011-12-30T10:30", id="the date after"),
        pytest.param("America/St_Johns", "2006-10-29", "2006-10-29T03:00", id="the date before"),
    ],
)
def test_a_window_may_be_carried_into_another_date(zone: str, day: str, start: str) -> None:
    hours = Hours(ZoneInfo(zone), {}, {date.fromisoformat(day): (window("00:00-02:00"),)})
    alone = Span(at(start), at(start) + MINUTE)
    now = at(start) - DAY
    assert at(start).astimezone(hours.zone).date() != date.fromisoformat(day)
    assert len(free_slots(rules(30), [HostTime(hours, (), ())], alone, now)) == 1
    assert objections(rules(30), [HostTime(hours, (), ())], at(start), now) == []


def test_round_the_clock_hours_leave_out_nothing_in_any_zone() -> None:
    half_hours = rules(30)
    for zone in ZONES:
        hours = HostTime(Hours(zone, dict.fromkeys(range(7), (Window(0, 1440),)), {}), (), ())
        for change in changes(zone, at("2024-01-01T00:00"), at("2029-01-01T00:00")):
            whole = whole_days(change.date() - DAY, change.date() + 2 * DAY, zone)
            slots = free_slots(half_hours, [hours], whole, change - 9 * DAY)
            assert slots[0].start == whole.start, zone
            assert slots[-1].end == whole.end, zone
            assert all(a.end == b.start for a, b in pairwise(slots)), zone
