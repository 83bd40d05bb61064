from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.appointments.narrowing import Narrowing, narrow, parse_time
from mailflow.errors import InvalidForm
from mailflow.spans import Span

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]
WEDNESDAY = datetime(2026, 11, 25, 23, 30, tzinfo=UTC) - timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# In Berlin, on Wednesday 25 November 2026, 23:30; the first day and the day after the last.
DAYS = {
    "2026-12-01": ("2026-12-01", "2026-12-02"),
    "on 2026-12-01": ("2026-12-01", "2026-12-02"),
    "2026-12-01..2026-12-05": ("2026-12-01", "2026-12-06"),
    "2026-12-01 .. 2026-12-05": ("2026-12-01", "2026-12-06"),
    "2026-12-01 to 2026-12-05": ("2026-12-01", "2026-12-06"),
    "from 2026-12-01 to 2026-12-01": ("2026-12-01", "2026-12-02"),
    "today": ("2026-11-25", "2026-11-26"),
    "Tomorrow": ("2026-11-26", "2026-11-27"),
    "wednesday": ("2026-11-25", "2026-11-26"),
    "on Tuesday": ("2026-12-01", "2026-12-02"),
    "tue": ("2026-12-01", "2026-12-02"),
    "am Dienstag": ("2026-12-01", "2026-12-02"),
    "le mardi": ("2026-12-01", "2026-12-02"),
    "el miércoles": ("2026-11-25", "2026-11-26"),
    "tomorrow to monday": ("2026-11-26", "2026-12-01"),
    "tuesday to thursday": ("2026-12-01", "2026-12-04"),
    "this week": ("2026-11-23", "2026-11-30"),
    "  next\tweek ": ("2026-11-30", "2026-12-07"),
}


@pytest.mark.parametrize(("words", "days"), DAYS.items(), ids=list(DAYS))
def test_days(words: str, days: tuple[str, str]) -> None:
    start, end = (utc(day) - timedelta(hours=1) for day in days)
    assert narrow(words, BERLIN, WEDNESDAY) == Narrowing(within=Span(start, end))


def test_a_day_of_a_clock_change_is_whole() -> None:
    day = narrow("2026-10-25", BERLIN, WEDNESDAY).within
    assert day == Span(utc("2026-10-24T22:00"), utc("2026-10-25T23:00"))


TIMES = {
    "2026-12-01T10:00": ["2026-12-01T09:00"],
    "2026-12-01 10:00": ["2026-12-01T09:00"],
    "2026-12-02T10:00 2026-12-01T10:00": ["2026-12-01T09:00", "2026-12-02T09:00"],
    "2026-12-01 10:00, 2026-12-02 10:00Z": ["2026-12-01T09:00", "2026-12-02T10:00"],
    "2026-12-01 10:00 +05:30 2026-12-02T10:00": ["2026-12-01T04:30", "2026-12-02T09:00"],
    "2026-12-01 10:00 America/New_York,2026-12-01T16:00": ["2026-12-01T15:00"],
}


@pytest.mark.parametrize(("words", "times"), TIMES.items(), ids=list(TIMES))
def test_times(words: str, times: list[str]) -> None:
    assert narrow(words, BERLIN, WEDNESDAY) == Narrowing(times=tuple(map(utc, times)))


def test_no_words_narrow_nothing() -> None:
    assert narrow(" , ", BERLIN, WEDNESDAY) == Narrowing()


COMPLAINTS = {
    "tusday": "'tusday' is not understood; did you mean 'tuesday'?",
    "on wensday please": "'wensday' is not understood; did you mean 'wednesday'?",
    "next tuesday": "'next tuesday' is not understood; did you mean 'tuesday'?",
    "nextweek": "'nextweek' is not understood; did you mean 'next week'?",
    "01.12.2026": "'01.12.2026' is not understood; write one day like 2026-11-25",
    "10:00": "'10:00' is not understood; write one day like 2026-11-25",
    "tuesday wednesday": "'tuesday wednesday' is not understood; write one day",
    "2026-02-30": "'2026-02-30' is not understood",
    "2026-02-30 10:00": "'2026-02-30 10:00' is not understood",
    "9999-12-31": "'9999-12-31' is not understood",
    "2026-12-01T10:00 soon": "'soon' is not understood",
    "2026-12-01T10:00 2026-12-02": "'2026-12-02' is not understood",
    "2026-12-01T10:00 America/Indiana": "'2026-12-01T10:00 America/Indiana' is not understood",
    "2026-12-05..2026-12-01": "2026-12-01 is before 2026-12-05",
    "2026-12-01T10:00 " * 60: "longer than 1000 characters",
}


@pytest.mark.parametrize(("words", "complaint"), COMPLAINTS.items(), ids=COMPLAINTS.values())
def test_what_is_not_understood_is_named(words: str, complaint: str) -> None:
    with pytest.raises(InvalidForm) as raised:
        narrow(words, BERLIN, WEDNESDAY)
    assert str(raised.value.errors["words"]).startswith(complaint)


READ = {
    "2026-12-01T10:00": "2026-12-01T09:00",
    " 2026-12-01 10:00\n": "2026-12-01T09:00",
    "2026-12-01t10:00z": "2026-12-01T10:00",
    "2026-12-01T10:00:30.5+01:00": "2026-12-01T09:00:30.500000",
    "2026-12-01T10:00-0800": "2026-12-01T18:00",
    "2026-12-01 10:00 UTC": "2026-12-01T10:00",
    "2026-07-01 10:00 America/Argentina/Buenos_Aires": "2026-07-01T13:00",
    "2026-03-29T02:30": "2026-03-29T01:30",  # skipped: as if the clock had not changed yet
    "2026-10-25T02:30": "2026-10-25T00:30",  # repeated: the first
}


@pytest.mark.parametrize(("text", "expected"), READ.items(), ids=list(READ))
def test_times_that_are_read(text: str, expected: str) -> None:
    assert parse_time(text, BERLIN) == utc(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-12-01",
        "10:00",
        "20261201T1000",
        "2026-W49-2T10:00",
        "2026-12-01T24:00",
        "2026-12-01T10:60",
        "2026-12-01T10:00+24:00",
        "2026-12-01T10:00+01:60",
        "2026-12-01T10:00 Europe/Atlantis",
        "2026-12-01T10:00 ../../etc/passwd",
        "2026-12-01T10:00 2026-12-02T10:00",
        "option 2026-12-01T10:00",
        "٢٠٢٦-12-01T10:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59-12:00",
    ],
)
def test_what_is_not_one_time(text: str) -> None:
    assert parse_time(text, BERLIN) is None


PIECES = st.sampled_from(
    ["2026-12-01", "9999-12-31", "0000-00-00", "T10:00", " 24:00", "Z", "+23:59", "-99:59",
     " Europe/", "Berlin", "..", " to ", "next", "week", "tue", ",", "/", " ", "\ud800", "\0"]
)  # fmt: skip
TYPED = st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join))


@given(TYPED, st.sampled_from(ZONES))
def test_anything_typed_narrows_or_is_refused(words: str, zone: ZoneInfo) -> None:
    try:
        narrowing = narrow(words, zone, WEDNESDAY)
    except InvalidForm as refused:
        assert list(refused.errors) == ["words"]
    else:
        assert narrowing.within is None or narrowing.times == ()
        assert all(time.tzinfo is UTC for time in narrowing.times)


@given(TYPED, st.sampled_from(ZONES))
def test_anything_typed_is_a_time_or_none(text: str, zone: ZoneInfo) -> None:
    time = parse_time(text, zone)
    assert time is None or time.tzinfo is UTC


@given(st.datetimes(utc("1971-01-01").replace(tzinfo=None)), st.sampled_from(ZONES))
def test_a_time_with_its_offset_is_the_same_instant_in_every_zone(
    moment: datetime, zone: ZoneInfo
) -> None:
    written = moment.replace(tzinfo=UTC, microsecond=0).isoformat()
    expected = datetime.fromisoformat(written) if moment.year < 2200 else None
    assert parse_time(written, zone) == expected
