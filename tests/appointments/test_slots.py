"""Free times from the configuration and from what was booked, against the rules word by word."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mailflow.appointments import bookings, slots
from mailflow.appointments.availability import HostTime, Hours
from mailflow.appointments.bookings import Wanted
from mailflow.config import AppointmentType
from mailflow.mail.addresses import Person
from mailflow.spans import Span
from mailflow.store.states import Status
from mailflow.store.tables import Booking
from tests.appointments.hours import DAY, MINUTE
from tests.appointments.test_plainly_free import plain_windows, plainly_free
from tests.flow import START, Flow

DAYS = 6
GRID = 5 * MINUTE
"""All hours and increments of these hosts and types are multiples of it."""

SETTINGS = """
[mailflow]
domain = "flow.test"
[[hosts]]
handle = "dana"
name = "Dana Coach"
email = "dana@coach.test"
timezone = "Europe/Berlin"
hours = { mon = ["09:00-20:00"], tue = ["09:00-12:00", "13:00-19:00"], wed = ["08:00-24:00"], thu = ["12:00-20:00"] }
overrides = [{ date = "2026-11-26", hours = ["06:30-10:00", "15:00-18:00"] }, { date = "2026-11-24", hours = [] }]
[[hosts]]
handle = "erik"
name = "Erik Teacher"
email = "erik@school.test"
timezone = "America/New_York"
hours = { mon = ["07:00-17:00"], wed = ["07:00-17:00"], thu = ["00:00-24:00"], fri = ["09:00-17:00"] }
[[appointment_types]]
slug = "both"
title = "With both"
hosts = ["dana", "erik"]
duration = "60m"
increment = "25m"
buffer_before = "15m"
buffer_after = "10m"
daily_limit = 2
minimum_notice = "3h"
horizon = "4d"
[[appointment_types]]
slug = "dana"
title = "With Dana"
hosts = ["dana"]
duration = "30m"
buffer_before = "20m"
buffer_after = "45m"
[[appointment_types]]
slug = "erik"
title = "With Erik"
hosts = ["erik"]
duration = "45m"
daily_limit = 1
"""


@pytest.mark.parametrize("seed", range(3))
def test_what_is_free_is_so_by_every_rule(tmp_path: Path, seed: int) -> None:
    flow = Flow(tmp_path, SETTINGS)
    chance = random.Random(seed)
    try:
        for _ in range(4):
            for _ in range(3):
                book_one(flow, chance)
            change_one(flow, chance)
            for kind in flow.config.appointment_types:
                assert free(flow, kind) == plainly(flow, kind), kind.slug
    finally:
        flow.close()


def free(flow: Flow, kind: AppointmentType) -> list[datetime]:
    return [one.start for one in flow.run(slots.free, kind, Span(START, START + DAYS * DAY))]


def plainly(flow: Flow, kind: AppointmentType) -> list[datetime]:
    """The same, looked for at every fifth minute, from the bookings as everybody sees them."""
    standing = flow.run(lambda unit: unit.db.all(Booking, status=Status.CONFIRMED))
    kinds = {one.slug: one for one in flow.config.appointment_types}
    hosts = []
    for handle in kind.hosts:
        host = flow.config.host(handle)
        taken = [(kinds[one.type], one) for one in standing if handle in kinds[one.type].hosts]
        busy = [
            Span(one.start - its.buffer_before, one.end + its.buffer_after) for its, one in taken
        ]
        booked = [one.start for its, one in taken if its is kind]
        weekly = {weekday: host.hours.get(weekday, ()) for weekday in range(7)}
        hours = Hours(host.timezone, weekly, host.overrides)
        hosts.append(HostTime(hours, tuple(busy), tuple(booked)))
    middle = START + DAYS // 2 * DAY
    known = {i: (host, plain_windows(host.hours, middle)) for i, host in enumerate(hosts)}
    times = (START + number * GRID for number in range(DAYS * DAY // GRID))
    return [time for time in times if plainly_free(slots.rules(kind), known, time, flow.now)]


def book_one(flow: Flow, chance: random.Random) -> None:
    kind = chance.choice(flow.config.appointment_types)
    if starts := free(flow, kind):
        client = Person("Joe", f"joe{chance.random()}@client.test")
        flow.run(bookings.book, Wanted(kind, chance.choice(starts), client))


def change_one(flow: Flow, chance: random.Random) -> None:
    """Move a booking to a time that is free once it is gone from its own, or cancel it."""
    booking = chance.choice(flow.run(lambda unit: unit.db.all(Booking, status=Status.CONFIRMED)))
    kind = flow.config.appointment_type(booking.type)
    within = Span(START, START + DAYS * DAY)
    others = flow.run(lambda unit: slots.free(unit, kind, within, moving=booking))
    if chance.random() < 0.5 and others:
        flow.run(bookings.move, booking, chance.choice(others).start)
    else:
        flow.run(bookings.cancel, booking)
    flow.now += timedelta(hours=1)
