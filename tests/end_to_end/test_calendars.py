"""A host's own calendar, as a serving mailflow reads it and writes to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import icalendar
import pytest

from tests.doors.calendars.conftest import settings
from tests.doors.calendars.servers import Owned, owned, radicale
from tests.end_to_end.test_the_main_job import DANA, JOE, offered, press, slot_links
from tests.end_to_end.world import World, eventually


@pytest.fixture
def feed() -> Iterator[Owned]:
    with owned() as calendar:
        yield calendar


@contextmanager
def serving(folder: Path, *calendars: str) -> Iterator[World]:
    world = World(folder, settings(*calendars))
    try:
        world.start()
        eventually(partial(world.read, "slots", "coaching"))
        yield world
    finally:
        world.close()


def test_a_time_that_was_taken_meanwhile_is_not_booked(tmp_path: Path, feed: Owned) -> None:
    with serving(tmp_path, f'{{ ics = "{feed.url}" }}') as world:
        offer = offered(world)
        first, second, *_ = slot_links(world, offer)
        start = datetime.fromisoformat(world.read("slots", "coaching")[0]["start"])
        feed.takes(start)
        assert press(first).status_code == 409
        why = world.command("slots", "coaching", "--explain", start.isoformat())
        assert "in the calendar at 127.0.0.1" in why
        feed.takes(start, timedelta(days=100))
        world.reply(JOE, offer, "2")
        assert world.boxes.wait("dana@coach.test", "relay", 2).text.startswith("2")
        assert world.read("bookings") == []
        feed.takes(start)
        assert press(second).status_code == 303
        world.boxes.wait("joe@client.test", "booking")
        findings = {one["check"]: one for one in world.read("check")}
        assert findings["calendar of dana at 127.0.0.1"]["status"] == "ok"


def test_bookings_stand_in_the_hosts_calendar(tmp_path: Path) -> None:
    with radicale(tmp_path) as server:
        calendar = (
            f'{{ caldav = "{server.collection}", username = "dana",'
            f' password_file = "{server.password_file}", write = true }}'
        )

        def events() -> list[Any]:
            return list(icalendar.Calendar.from_ical(server.ask("GET").content).walk("VEVENT"))

        with serving(tmp_path, calendar) as world:
            assert press(slot_links(world, offered(world))[0]).status_code == 303
            (event,) = eventually(events)
            (booking,) = world.read("bookings")
            assert event["UID"] == booking["uid"]
            world.reply(DANA, world.boxes.wait("dana@coach.test", "booking"), "/cancel")
            assert eventually(lambda: not events())
