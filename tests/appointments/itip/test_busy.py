"""Busy times of foreign calendars: what takes time, when, and what hostile calendars come to."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.appointments.itip import BusyTimes, busy_times
from mailflow.appointments.itip.busy import MAX_CALENDAR, MAX_COMPONENTS
from mailflow.errors import UnreadableCalendar
from mailflow.spans import Span

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = Span(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))

VIENNA = """BEGIN:VTIMEZONE
TZID:Our own Vienna
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19810329T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""


def event(*lines: str, uid: str = "1@elsewhere.test") -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""])


def calendar(*parts: str) -> bytes:
    whole = "BEGIN:VCALENDAR\nVERSION:2.0\n" + "".join(parts) + "END:VCALENDAR\n"
    return whole.replace("\n", "\r\n").encode()


def read(*parts: str, within: Span = WEEK) -> BusyTimes:
    return busy_times(calendar(*parts), within, BERLIN)


def spans(*parts: str, within: Span = WEEK) -> list[str]:
    """Each time that is taken, in UTC: `day.hour:minute-day.hour:minute`."""
    found = sorted(read(*parts, within=within).times, key=lambda one: one.span.start)
    return [f"{one.span.start:%d.%H:%M}-{one.span.end:%d.%H:%M}" for one in found]


MONDAY = ("DTSTART:20261123T100000Z", "DTEND:20261123T110000Z")
DAILY = (*MONDAY, "RRULE:FREQ=DAILY;COUNT=3")


@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        ([event(*MONDAY)], ["23.10:00-23.11:00"]),
        ([event("DTSTART:20261123T100000Z", "DURATION:PT90M")], ["23.10:00-23.11:30"]),
        ([event("DTSTART:20261123T100000", "DTEND:20261123T110000")], ["23.09:00-23.10:00"]),
        (
            [
                event(
                    "DTSTART;TZID=America/New_York:20261123T100000",
                    "DTEND;TZID=America/New_York:20261123T110000",
                )
            ],
            ["23.15:00-23.16:00"],
        ),
        (
            [
                VIENNA,
                event(
                    "DTSTART;TZID=Our own Vienna:20261123T100000",
                    "DTEND;TZID=Our own Vienna:20261123T110000",
                ),
            ],
            ["23.09:00-23.10:00"],
        ),
        (
            [event("DTSTART;TZID=Nobody/Knows:20261123T100000", "DURATION:PT1H")],
            ["23.09:00-23.10:00"],
        ),
        (
            [event("DTSTART;TZID=W. Europe Standard Time:20261123T100000", "DURATION:PT1H")],
            ["23.09:00-23.10:00"],
        ),
        (
            [event("DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126")],
            ["23.23:00-25.23:00"],
        ),
        ([event("DTSTART;VALUE=DATE:20261124")], ["23.23:00-24.23:00"]),
        ([event("DTSTART:20261123T100000Z")], []),
        ([event(*MONDAY, "TRANSP:TRANSPARENT")], []),
        ([event(*MONDAY, "TRANSP:OPAQUE")], ["23.10:00-23.11:00"]),
        ([event(*MONDAY, "STATUS:CANCELLED")], []),
        ([event(*MONDAY, "STATUS:TENTATIVE")], ["23.10:00-23.11:00"]),
        ([event("DTSTART:20261101T100000Z", "DTEND:20261101T110000Z")], []),
        (
            [event("DTSTART:20261120T100000Z", "DTEND:20261123T010000Z")],
            ["20.10:00-23.01:00"],
        ),
        ([event(*DAILY)], ["23.10:00-23.11:00", "24.10:00-24.11:00", "25.10:00-25.11:00"]),
        (
            [event(*DAILY, "EXDATE:20261124T100000Z")],
            ["23.10:00-23.11:00", "25.10:00-25.11:00"],
        ),
        (
            [
                event(*DAILY),
                event(
                    "RECURRENCE-ID:20261124T100000Z",
                    "DTSTART:20261124T140000Z",
                    "DTEND:20261124T150000Z",
                ),
            ],
            ["23.10:00-23.11:00", "24.14:00-24.15:00", "25.10:00-25.11:00"],
        ),
        (
            [
                event(*DAILY),
                event(
                    "RECURRENCE-ID:20261124T100000Z",
                    "DTSTART:20261124T100000Z",
                    "DTEND:20261124T110000Z",
                    "STATUS:CANCELLED",
                ),
            ],
            ["23.10:00-23.11:00", "25.10:00-25.11:00"],
        ),
        (
            [event(*MONDAY, "RDATE:20261126T120000Z")],
            ["23.10:00-23.11:00", "26.12:00-26.13:00"],
        ),
        (
            [
                event(
                    "DTSTART;VALUE=DATE:20200101",
                    "RRULE:FREQ=WEEKLY;BYDAY=SA",
                    "DTEND;VALUE=DATE:20200102",
                )
            ],
            ["27.23:00-28.23:00"],
        ),
        (
            [
                "BEGIN:VFREEBUSY\nUID:f\nFREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261123T100000Z/PT1H,"
                "20261124T100000Z/20261124T120000Z\n"
                "FREEBUSY;FBTYPE=FREE:20261125T100000Z/PT1H\nEND:VFREEBUSY\n"
            ],
            ["23.10:00-23.11:00", "24.10:00-24.12:00"],
        ),
        ([event(*MONDAY), event(*MONDAY, uid="2@x")], ["23.10:00-23.11:00"] * 2),
        (["BEGIN:VTODO\nUID:t\nDTSTART:20261123T100000Z\nEND:VTODO\n"], []),
    ],
    ids=[
        "UTC",
        "a duration",
        "floating is the host's time",
        "in a zone",
        "in a zone of the calendar's own",
        "in a zone nobody knows, so the host's",
        "in a zone of Windows",
        "days are the host's",
        "a day without an end",
        "an instant takes no time",
        "transparent",
        "opaque",
        "cancelled",
        "tentative takes time",
        "over before",
        "reaches in",
        "recurring",
        "an excluded date",
        "a moved occurrence",
        "a cancelled occurrence",
        "a further date",
        "a day each week for years",
        "free and busy",
        "two events",
        "a task",
    ],
)
def test_what_is_taken(parts: list[str], taken: list[str]) -> None:
    assert spans(*parts) == taken


def test_recurring_events_keep_their_wall_time_over_a_clock_change() -> None:
    within = Span(datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 27, tzinfo=UTC))
    weekly = event(
        "DTSTART;TZID=Europe/Berlin:20260101T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY"
    )
    floating = event("DTSTART:20260101T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY")
    expected = ["24.07:00-24.08:00", "25.08:00-25.09:00", "26.08:00-26.09:00"]
    assert spans(weekly, within=within) == expected
    assert spans(floating, within=within) == expected


def test_the_day_of_a_clock_change_has_25_hours() -> None:
    within = Span(datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC))
    assert spans(event("DTSTART;VALUE=DATE:20261025"), within=within) == ["24.22:00-25.23:00"]


def test_events_within_events_are_none() -> None:
    deep = "BEGIN:VEVENT\n" * 2400 + "END:VEVENT\n" * 2400
    assert len(read(deep, event(*MONDAY)).times) == 1


def test_each_time_has_its_events_uid() -> None:
    (one,) = read(event(*MONDAY, uid="abc@flow.test")).times
    assert one.uid == "abc@flow.test"


def test_several_calendars_in_a_row_are_one() -> None:
    both = calendar(event(*MONDAY)) + calendar(event(*MONDAY, uid="2@x"))
    assert len(busy_times(both, WEEK, BERLIN).times) == 2


@pytest.mark.parametrize(
    "odd",
    [
        event("DTSTART:yesterday", "DTEND:20261123T110000Z"),
        event("DTSTART:20261124T100000Z", "DTEND:20261124T110000Z", "RRULE:FREQ=SECONDLY"),
        event("DTSTART:20261124T100000Z", "DURATION:PT1S", "RRULE:FREQ=MINUTELY"),
        event(
            "DTSTART:20261124T100000Z",
            "DURATION:PT1S",
            "RRULE:FREQ=DAILY;BYMINUTE=1,2,3,4,5,6;BYSECOND=1,2,3",
        ),
        event("DTSTART:00010101T000000Z", "DURATION:PT1H", "RRULE:FREQ=HOURLY"),
        event("DTEND:20261124T100000Z"),
    ],
    ids=["no time", "secondly", "minutely", "many minutes", "since the year 1", "none"],
)
def test_an_odd_event_is_counted_and_hides_no_other(odd: str) -> None:
    found = read(odd.replace("1@elsewhere", "odd@elsewhere"), event(*MONDAY))
    assert (len(found.times), found.unreadable) == (1, 1)


def test_of_an_event_that_is_partly_broken_the_rest_counts() -> None:
    found = read(event(*MONDAY, "EXDATE:never"))
    assert (len(found.times), found.unreadable) == (1, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Please log in</html>",
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n",
        calendar(event(*MONDAY)) + b" " * MAX_CALENDAR,
        b"BEGIN:VCALENDAR\r\n" * (MAX_COMPONENTS + 1),
        calendar("BEGIN:VEVENT\nEND:VEVENT\n" * (MAX_COMPONENTS + 1)),
        calendar(
            *(
                event("DTSTART:20261101T000000Z", "DURATION:PT1M", "RRULE:FREQ=HOURLY", uid=str(n))
                for n in range(125)
            )
        ),
    ],
    ids=["empty", "a page", "cut off", "huge", "nested", "crowded", "too many times"],
)
def test_what_is_no_calendar_is_our_own_error(content: bytes) -> None:
    with pytest.raises(UnreadableCalendar):
        busy_times(content, WEEK, BERLIN)


PIECES = st.sampled_from(
    [
        "BEGIN:VCALENDAR",
        "END:VCALENDAR",
        "BEGIN:VEVENT",
        "END:VEVENT",
        "UID:1",
        "DTSTART:20261123T100000Z",
        "DTSTART;VALUE=DATE:20261123",
        "DTEND:20261123T110000",
        "DTEND:99991231T235959Z",
        "DURATION:-P1D",
        "RRULE:FREQ=WEEKLY;UNTIL=20270101",
        "RRULE:FREQ=YEARLY;COUNT=-1",
        "EXDATE:20261123",
        "RDATE;VALUE=PERIOD:20261124T100000Z/PT1H",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20261124T100000Z",
        "FREEBUSY:20261124T100000Z",
        "BEGIN:VFREEBUSY",
        "END:VFREEBUSY",
        "BEGIN:VTIMEZONE",
        "END:VTIMEZONE",
        "TZID:Mars",
        "TZOFFSETTO:+9999",
        "SEQUENCE:x",
        "\x00",
        "STATUS:CANCELLED",
    ]
)


@settings(deadline=2000, max_examples=150)
@given(st.lists(PIECES | st.text(max_size=20), max_size=25))
def test_any_calendar_is_read_or_refused(lines: list[str]) -> None:
    whole = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])
    try:
        found = busy_times(whole.encode(errors="replace"), WEEK, BERLIN)
    except UnreadableCalendar:
        return
    assert all(one.span.start < one.span.end for one in found.times)
