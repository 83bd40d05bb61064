"""Feeds of hosts: what they take is not offered, is looked at again before a booking, and grows old."""

import math
import time
from datetime import datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mailflow.appointments import bookings, calendars, listing, slots
from mailflow.appointments.bookings import Wanted
from mailflow.conversations.receive import receive_all
from mailflow.conversations.taking import take, take_up
from mailflow.doors.calendars import Calendars
from mailflow.doors.calendars.calendars import BEFORE_BOOKING
from mailflow.doors.web import metrics
from mailflow.errors import CalendarsUnread, SlotTaken
from mailflow.mail.addresses import Person
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from mailflow.spans import Span
from mailflow.store.tables import Booking, BusyTime, CalendarState
from mailflow.vitals import look
from tests.doors.calendars.conftest import MakeFlow
from tests.doors.calendars.servers import Feed, answer, feeding, ics
from tests.flow import START, Flow, to

JOE = Person("Joe", "joe@client.test")
TUESDAY = START + timedelta(days=1)  # 10:00 in Berlin
BUSY = ics(("20261124T090000Z", "20261124T100000Z"))
FREE = ics()
AROUND = ["08:00", "10:30", "11:20", "12:10", "13:00", "13:50", "14:40"]


def feed_of(feed: Feed) -> str:
    return f'{{ ics = "{feed.url}" }}'


def starts(flow: Flow) -> list[str]:
    """The free starts of Tuesday, in UTC."""
    kind = flow.config.appointment_type("coaching")
    day = Span(TUESDAY - timedelta(hours=9), TUESDAY + timedelta(hours=12))
    return [f"{one.start:%H:%M}" for one in flow.run(slots.free, kind, day)]


def reasons(flow: Flow, time: str = "2026-11-24T10:30") -> str:
    return "; ".join(flow.run(listing.explain, "quick", time).reasons)


def wanted(flow: Flow, start: datetime = TUESDAY) -> Wanted:
    return Wanted(flow.config.appointment_type("intake"), start, JOE)


def state(flow: Flow) -> CalendarState:
    (found,) = flow.run(lambda unit: unit.db.all(CalendarState))
    return found


async def test_what_a_calendar_has_as_taken_is_not_offered(make_flow: MakeFlow) -> None:
    async with feeding(answer(BUSY)) as feed:
        flow = make_flow(feed_of(feed))
        assert starts(flow) == []
        assert "has not been read yet" in reasons(flow)
        await Calendars(flow.store).refresh_due()
        assert starts(flow) == AROUND
        said = reasons(flow)
        assert "busy: Tuesday 24 November 2026, 10:00 – 11:00" in said  # noqa: RUF001
        assert "in the calendar at 127.0.0.1" in said
        assert "secret" not in said


async def test_a_calendar_is_read_every_few_minutes_and_only_when_it_changed(
    make_flow: MakeFlow,
) -> None:
    unchanged = answer(status=304)
    async with feeding(answer(BUSY, ETag='"1"'), unchanged, answer(FREE, ETag='"2"')) as feed:
        flow = make_flow(feed_of(feed))
        door = Calendars(flow.store)
        assert [await door.refresh_due() for _ in range(2)] == [1, 0]
        flow.wait(minutes=6)
        await door.refresh_due()
        assert 'if-none-match: "1"\r\n' in feed.asked[1]
        assert state(flow).read == flow.now
        assert len(flow.run(lambda unit: unit.db.all(BusyTime))) == 1
        flow.wait(minutes=6)
        await door.refresh_due()
        assert flow.run(lambda unit: unit.db.all(BusyTime)) == []


async def test_without_a_change_the_window_moves_on(make_flow: MakeFlow) -> None:
    async with feeding(answer(BUSY, ETag='"1"')) as feed:
        flow = make_flow(feed_of(feed))
        door = Calendars(flow.store)
        await door.refresh_due()
        covered = state(flow).covers
        flow.wait(days=8)
        await door.refresh_due()
        assert "if-none-match" not in feed.asked[1]
        assert covered is not None
        assert state(flow).covers == covered + timedelta(days=8)


@pytest.mark.parametrize(
    "trouble",
    [
        answer(status=500),
        answer(b"<html>Please log in</html>"),
        answer(b""),
        answer(BUSY[:-20]),
        answer(status=302, Location="http://169.254.169.254/"),
        answer(status=304),
    ],
    ids=["a fault", "a page", "nothing", "cut off", "led astray", "unchanged, but not asked"],
)
async def test_while_a_calendar_cannot_be_read_the_last_known_counts_for_a_day(
    make_flow: MakeFlow, trouble: bytes
) -> None:
    async with feeding(answer(BUSY), trouble) as feed:
        flow = make_flow(feed_of(feed))
        door = Calendars(flow.store)
        await door.refresh_due()
        flow.wait(hours=1)
        await door.refresh_due()
        assert state(flow).error
        assert state(flow).read == START
        assert starts(flow) == AROUND
        flow.wait(hours=23, minutes=1)
        assert starts(flow) == []
        assert "cannot be read since Monday 23 November 2026, 10:00" in reasons(flow)
        feed.says(answer(FREE))
        await door.refresh(frozenset({"dana"}))
        assert starts(flow) == ["11:20", "12:10", "13:00", "13:50", "14:40"]


async def test_before_a_booking_the_calendar_is_read_again(make_flow: MakeFlow) -> None:
    async with feeding(answer(FREE), answer(BUSY)) as feed:
        flow = make_flow(feed_of(feed))
        door = Calendars(flow.store)
        await door.refresh_due()
        with pytest.raises(SlotTaken):
            await door.run(bookings.book, wanted(flow))
        feed.says(answer(FREE))
        booking = await door.run(bookings.book, wanted(flow, TUESDAY + timedelta(hours=2)))
        feed.says(answer(BUSY))
        with pytest.raises(SlotTaken):
            await door.run(bookings.move, booking, TUESDAY)
        assert len(feed.asked) == 4


async def test_before_a_booking_by_mail_too(make_flow: MakeFlow) -> None:
    async with feeding(answer(FREE)) as feed:
        flow = make_flow(feed_of(feed))
        await Calendars(flow.store).refresh_due()
        asked = to(flow.mail("joe@client.test", "dana@flow.test"), "dana@coach.test")
        offer = to(flow.reply("dana@coach.test", asked, "/offer intake"), "joe@client.test")
        choice = f"From: joe@client.test\r\nTo: {offer.address}\r\n".encode()
        choice += f"In-Reply-To: {offer['Message-ID']}\r\n\r\n1\r\n".encode()
        flow.run(
            take,
            [Envelope("joe@client.test", (offer.address,), "127.0.0.1", "client.test", choice)],
        )
        (job,) = flow.run(take_up, 1)
        arrival = job.arrival(flow.read(job), Verdict.VERIFIED)
        with pytest.raises(CalendarsUnread):
            await flow.store.run_joined(receive_all, arrival)
        assert flow.run(lambda unit: unit.db.all(Booking)) == []


async def test_who_books_waits_for_a_slow_calendar_only_so_long(make_flow: MakeFlow) -> None:
    async with feeding(answer(FREE)) as feed:
        flow = make_flow(feed_of(feed))
        door = Calendars(flow.store)
        await door.refresh_due()
        feed.delay = 60
        begun = time.monotonic()
        booking = await door.run(bookings.book, wanted(flow))
        assert time.monotonic() - begun < BEFORE_BOOKING + 2
        assert booking.start == TUESDAY


async def test_a_calendar_that_is_gone_does_not_keep_a_booking_from_being_made(
    make_flow: MakeFlow,
) -> None:
    async with feeding(answer(FREE), answer(status=503)) as feed:
        flow = make_flow(feed_of(feed))
        door = Calendars(flow.store)
        await door.refresh_due()
        assert (await door.run(bookings.book, wanted(flow))).start == TUESDAY


async def test_our_own_bookings_in_a_calendar_take_no_time(make_flow: MakeFlow) -> None:
    async with feeding(answer(FREE)) as feed:
        flow = make_flow(feed_of(feed))
        door = Calendars(flow.store)
        await door.refresh_due()
        booking = await door.run(bookings.book, wanted(flow))
        stale = ("20261124T090000Z", "20261124T093000Z")
        feed.says(answer(ics(stale, uid=f"{booking.id}@flow.test")))
        await door.run(bookings.move, booking, TUESDAY + timedelta(hours=2))
        assert flow.run(lambda unit: unit.db.all(BusyTime)) == []
        feed.says(answer(ics(stale, uid="unheard@flow.test")))
        flow.wait(minutes=6)
        await door.refresh_due()
        assert len(flow.run(lambda unit: unit.db.all(BusyTime))) == 1


async def test_what_the_configuration_names_no_more_is_forgotten(make_flow: MakeFlow) -> None:
    async with feeding(answer(BUSY)) as feed, feeding(answer(FREE)) as other:
        flow = make_flow(feed_of(feed))
        await Calendars(flow.store).refresh_due()
        flow.close()
        flow = make_flow(feed_of(other))
        await Calendars(flow.store).refresh_due()
        (source,) = calendars.sources(flow.config)
        assert state(flow).key == source.key
        assert flow.run(lambda unit: unit.db.all(BusyTime)) == []


async def test_a_host_without_calendars_is_never_waited_for(flow: Flow) -> None:
    flow.store.start()
    door = Calendars(flow.store)
    assert [await door.refresh_due(), await door.write_due()] == [0, 0]
    booking = await door.run(bookings.book, wanted(flow))
    assert flow.run(lambda unit: unit.db.all(Booking)) == [booking]


def measured(flow: Flow) -> list[tuple[dict[str, str], float]]:
    """The age of each calendar as Prometheus reads it."""
    exposed = metrics.text(flow.run(look), flow.config.mailflow.data_dir).decode()
    return [
        (sample.labels, sample.value)
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
        if sample.name == "mailflow_calendar_age_seconds"
    ]


async def test_how_old_its_last_known_state_is_can_be_measured(make_flow: MakeFlow) -> None:
    async with feeding(answer(FREE), answer(status=500)) as feed:
        flow = make_flow(feed_of(feed))
        named = {"host": "dana", "calendar": "127.0.0.1"}
        assert measured(flow) == [(named, math.inf)]
        door = Calendars(flow.store)
        await door.refresh_due()
        flow.wait(minutes=10)
        await door.refresh_due()
        assert measured(flow) == [(named, 600)], "a failed try makes nothing younger"
