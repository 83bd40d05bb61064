from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow import wording

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
ST_JOHNS = ZoneInfo("America/St_Johns")
APIA = ZoneInfo("Pacific/Apia")
UTC_ZONE = ZoneInfo("UTC")

WINTER = datetime(2026, 12, 1, 9, tzinfo=UTC)
FIRST_HALF_PAST_TWO = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
SECOND_HALF_PAST_TWO = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

instants = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from([BERLIN, NEW_YORK, KATHMANDU, ST_JOHNS, APIA, UTC_ZONE])


@dataclass(frozen=True, slots=True)
class Slot:
    start: datetime


@dataclass(frozen=True, slots=True)
class Square:
    date: date


@pytest.mark.parametrize(
    ("zone", "locale", "words"),
    [
        pytest.param(BERLIN, "en", "Tuesday 1 December 2026, 10:00", id="english"),
        pytest.param(BERLIN, "de", "Dienstag, 1. Dezember 2026, 10:00", id="german"),
        pytest.param(APIA, "en", "Tuesday 1 December 2026, 22:00", id="far-east"),
        pytest.param(NEW_YORK, "en", "Tuesday 1 December 2026, 04:00", id="west"),
    ],
)
def test_an_instant_is_said_in_wall_time(zone: ZoneInfo, locale: str, words: str) -> None:
    assert wording.when(WINTER, zone, locale) == words


def test_a_wall_time_that_comes_twice_is_told_by_its_offset() -> None:
    assert wording.time(FIRST_HALF_PAST_TWO, BERLIN) == "02:30 (UTC+2)"
    assert wording.time(SECOND_HALF_PAST_TWO, BERLIN) == "02:30 (UTC+1)"


@given(first=instants, second=instants, zone=zones)
def test_two_instants_never_read_the_same(
    first: datetime, second: datetime, zone: ZoneInfo
) -> None:
    same_minute = first.replace(second=0, microsecond=0) == second.replace(second=0, microsecond=0)
    assert same_minute or wording.when(first, zone) != wording.when(second, zone)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        pytest.param(WINTER + timedelta(minutes=50), "10:00 – 10:50", id="same-day"),  # noqa: RUF001
        pytest.param(
            WINTER + timedelta(hours=15),
            "10:00 – Wednesday 2 December 2026, 01:00",  # noqa: RUF001
            id="over-midnight",
        ),
    ],
)
def test_a_span_names_the_day_of_its_end_where_that_is_another(end: datetime, words: str) -> None:
    assert wording.span(WINTER, end, BERLIN) == words


@pytest.mark.parametrize(
    ("other", "words"),
    [
        pytest.param(NEW_YORK, "04:00", id="same-day"),
        pytest.param(ZoneInfo("Pacific/Kiritimati"), "23:00", id="same-day-far-east"),
        pytest.param(
            ZoneInfo("Pacific/Pago_Pago"), "Monday 30 November 2026, 22:00", id="day-before"
        ),
        pytest.param(ZoneInfo("Europe/Paris"), "", id="clocks-agree"),
    ],
)
def test_the_time_elsewhere_is_said_where_it_differs(other: ZoneInfo, words: str) -> None:
    assert wording.there(WINTER, BERLIN, other) == words


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        pytest.param(BERLIN, "Europe/Berlin, UTC+1", id="whole-hours"),
        pytest.param(KATHMANDU, "Asia/Kathmandu, UTC+5:45", id="quarter-hours"),
        pytest.param(ST_JOHNS, "America/St_Johns, UTC-3:30", id="half-hours-west"),
        pytest.param(ZoneInfo("Europe/London"), "Europe/London, UTC", id="no-offset"),
        pytest.param(UTC_ZONE, "UTC", id="utc-said-once"),
    ],
)
def test_a_zone_is_always_named(zone: ZoneInfo, words: str) -> None:
    assert wording.zone_name(zone, WINTER) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 minutes"),
        (1, "1 minute"),
        (50, "50 minutes"),
        (60, "1 hour"),
        (90, "1 hour 30 minutes"),
        (1501, "25 hours 1 minute"),
    ],
)
def test_a_length_is_said_in_hours_and_minutes(minutes: int, words: str) -> None:
    assert wording.duration(timedelta(minutes=minutes)) == words


def test_slots_are_grouped_by_day_and_offset() -> None:
    slots = [Slot(at) for at in (FIRST_HALF_PAST_TWO, SECOND_HALF_PAST_TWO, WINTER)]
    assert wording.by_day(slots, BERLIN) == [(slot.start, [slot]) for slot in slots]
    assert wording.by_day(slots, UTC_ZONE) == [
        (FIRST_HALF_PAST_TWO, slots[:2]),
        (WINTER, slots[2:]),
    ]


@pytest.mark.parametrize(("locale", "blanks"), [("en", 1), ("ar-EG", 3)])
def test_a_month_stands_in_rows_of_seven(locale: str, blanks: int) -> None:
    days = [Square(date(2026, 12, day)) for day in range(1, 32)]
    rows = wording.weeks(days, locale)
    cells = [cell for row in rows for cell in row]
    assert {len(row) for row in rows} == {7}
    assert cells[:blanks] == [None] * blanks
    assert [cell for cell in cells if cell] == days


def test_a_month_without_days_has_no_rows() -> None:
    assert wording.weeks([]) == []


def test_months_and_weekdays_have_names() -> None:
    assert wording.month(date(2026, 12, 1)) == "December 2026"
    assert wording.weekday(date(2026, 12, 1)) == "Tuesday"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Tue"), ("de", "Di."), ("fr", "mar."), ("es", "mar"), ("ar", "ثلاثاء"), ("fa", "۳ش")],
)
def test_seven_weekdays_have_room_on_a_phone(language: str, said: str) -> None:
    assert wording.short_weekday(date(2026, 12, 1), language) == said


@pytest.mark.parametrize(
    ("name", "locale", "words"),
    [
        pytest.param("Dana Coach", "en", "Dana Coach", id="with-the-sentence"),
        pytest.param("דנה", "en", "\u2068דנה\u2069", id="against-it"),
        pytest.param("دانا", "ar", "دانا", id="with-arabic"),
        pytest.param("Dana", "ar", "\u2068Dana\u2069", id="against-arabic"),
    ],
)
def test_a_name_does_not_turn_the_sentence_round(name: str, locale: str, words: str) -> None:
    assert wording.name(name, locale) == words
    assert wording.names([name, "1"], locale) == f"{words}, 1"
