"""A calendar that is hostile is worked out in a process that ends."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailflow.doors.calendars.reading import EXPANDING, Content, expand
from mailflow.errors import UnreadableCalendar
from mailflow.spans import Span
from tests.doors.calendars.servers import ics

WEEK = Span(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
BERLIN = ZoneInfo("Europe/Berlin")


async def expanded(calendar: bytes) -> int:
    return len((await expand(Content("", calendar), WEEK, BERLIN)).times)


async def test_a_calendar_is_worked_out() -> None:
    assert await expanded(ics(("20261124T090000Z", "20261124T100000Z"))) == 1


async def test_an_empty_collection_takes_no_time() -> None:
    assert await expanded(b"") == 0


async def test_what_is_no_calendar_is_told() -> None:
    with pytest.raises(UnreadableCalendar, match="no calendar"):
        await expanded(b"<html/>")


async def test_one_that_takes_too_long_is_ended() -> None:
    never = b"RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\r\nSUMMARY:"
    times = [("20001124T090000Z", "20001124T100000Z")] * 200
    bomb = ics(*times).replace(b"SUMMARY:", never)
    begun = datetime.now(UTC)
    with pytest.raises(UnreadableCalendar, match="too much"):
        await expanded(bomb)
    assert datetime.now(UTC) - begun < timedelta(seconds=EXPANDING + 5)
