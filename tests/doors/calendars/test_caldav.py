"""A real CalDAV server: busy times are read from it, and bookings written to it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import icalendar
import pytest

from mailflow.appointments import bookings, slots
from mailflow.doors.calendars import Calendars
from mailflow.store.tables import Booking, BusyTime, CalendarEntry, CalendarState
from tests.doors.calendars.conftest import MakeFlow
from tests.doors.calendars.servers import Radicale, ics, radicale
from tests.doors.calendars.test_calendars import TUESDAY, wanted
from tests.flow import Flow


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@pytest.fixture
def server(running: Radicale) -> Radicale:
    """The server with an empty calendar."""
    running.ask("DELETE")
    assert running.ask("MKCALENDAR").status_code == 201
    return running


def calendar_of(server: Radicale, path: str = "dana/office/", more: str = "") -> str:
    return (
        f'{{ caldav = "{server.url}/{path}", username = "dana",'
        f' password_file = "{server.password_file}"{more} }}'
    )


def written(server: Radicale) -> list[Any]:
    """The events in the calendar on the server."""
    collection = icalendar.Calendar.from_ical(server.ask("GET").content)
    return list(collection.walk("VEVENT"))


def waiting(flow: Flow) -> list[CalendarEntry]:
    return flow.run(lambda unit: unit.db.all(CalendarEntry))


async def test_busy_times_are_read(make_flow: MakeFlow, server: Radicale) -> None:
    flow = make_flow(calendar_of(server))
    door = Calendars(flow.store)
    kind = flow.config.appointment_type("intake")
    await door.refresh_due()
    assert flow.run(slots.is_free, kind, TUESDAY)
    server.ask("PUT", "1.ics", ics(("20261124T090000Z", "20261124T093000Z"), uid="1@x"))
    server.ask("PUT", "2.ics", ics(("20260101T090000Z", "20260101T093000Z"), uid="2@x"))
    flow.wait(minutes=6)
    await door.refresh_due()
    assert not flow.run(slots.is_free, kind, TUESDAY)
    server.ask("DELETE", "1.ics")
    await door.refresh(frozenset({"dana"}))
    assert flow.run(slots.is_free, kind, TUESDAY)


@pytest.mark.parametrize(
    ("path", "said"),
    [("dana/", "no CalDAV calendar"), ("dana/none/", "404")],
    ids=["the home of calendars", "nothing there"],
)
async def test_what_is_wrong_is_told(
    make_flow: MakeFlow, server: Radicale, path: str, said: str
) -> None:
    flow = make_flow(calendar_of(server, path))
    await Calendars(flow.store).refresh_due()
    (state,) = flow.run(lambda unit: unit.db.all(CalendarState))
    assert said in state.error


async def test_a_wrong_password_is_told(make_flow: MakeFlow, server: Radicale) -> None:
    flow = make_flow(f'{{ caldav = "{server.collection}", username = "dana" }}')
    await Calendars(flow.store).refresh_due()
    (state,) = flow.run(lambda unit: unit.db.all(CalendarState))
    assert "401" in state.error


async def test_a_booking_is_written_moved_and_removed(
    make_flow: MakeFlow, server: Radicale
) -> None:
    flow = make_flow(calendar_of(server, more=", write = true"))
    door = Calendars(flow.store)
    await door.refresh_due()
    booking = await door.run(bookings.book, wanted(flow))
    assert await door.write_due() == 1
    (event,) = written(server)
    assert event["UID"] == f"{booking.id}@flow.test"
    assert (event["DTSTART"].dt, event["SEQUENCE"]) == (TUESDAY, 0)
    assert event["ORGANIZER"].params["SCHEDULE-AGENT"] == "CLIENT"
    assert event["ATTENDEE"].params["SCHEDULE-AGENT"] == "CLIENT"
    assert waiting(flow) == []

    later = TUESDAY + timedelta(hours=2)
    await door.run(bookings.move, booking, later)
    await door.write_due()
    (event,) = written(server)
    assert (event["DTSTART"].dt, event["SEQUENCE"]) == (later, 1)
    flow.wait(minutes=6)
    await door.refresh_due()
    assert flow.run(lambda unit: unit.db.all(BusyTime)) == []

    (booking,) = flow.run(lambda unit: unit.db.all(Booking))
    await door.run(bookings.cancel, booking)
    await door.write_due()
    assert written(server) == []
    assert waiting(flow) == []


async def test_the_hosts_own_copy_is_replaced_whatever_its_name(
    make_flow: MakeFlow, server: Radicale
) -> None:
    flow = make_flow(calendar_of(server, more=", write = true"))
    door = Calendars(flow.store)
    await door.refresh_due()
    booking = await door.run(bookings.book, wanted(flow))
    uid = f"{booking.id}@flow.test"
    copy = ics(("20261124T090000Z", "20261124T093000Z"), uid=uid)
    assert server.ask("PUT", "a-name-of-its-own.ics", copy).status_code == 201
    await door.write_due()
    (event,) = written(server)
    assert event["SUMMARY"] == "First meeting with Dana Coach"
    assert waiting(flow) == []
    await door.run(bookings.cancel, booking)
    await door.write_due()
    assert written(server) == []


async def test_what_could_not_be_written_is_tried_again(
    make_flow: MakeFlow, server: Radicale
) -> None:
    flow = make_flow(calendar_of(server, more=", write = true"))
    door = Calendars(flow.store)
    await door.refresh_due()
    server.ask("DELETE")
    await door.run(bookings.book, wanted(flow))
    await door.write_due()
    (row,) = waiting(flow)
    assert (row.attempts, row.due) == (1, flow.now + timedelta(minutes=1))
    assert "404" in row.detail
    assert await door.write_due() == 0
    server.ask("MKCALENDAR")
    flow.wait(minutes=1)
    await door.write_due()
    assert len(written(server)) == 1
    assert waiting(flow) == []


async def test_a_calendar_without_write_gets_nothing(make_flow: MakeFlow, server: Radicale) -> None:
    flow = make_flow(calendar_of(server))
    door = Calendars(flow.store)
    await door.refresh_due()
    await door.run(bookings.book, wanted(flow))
    assert await door.write_due() == 0
    assert written(server) == []
