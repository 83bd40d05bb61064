"""The hosts' calendars: whether each can be read, and how old what is known of it is."""

import asyncio
from collections.abc import Iterator

from mailflow import wording
from mailflow.appointments import calendars
from mailflow.appointments.calendars import TRUSTED, Source, Task
from mailflow.cli.findings import Finding, fail, ok, warn
from mailflow.doors.calendars import read
from mailflow.errors import UnreadableCalendar
from mailflow.store import Unit, is_new, open_store
from mailflow.store.tables import CalendarEntry, CalendarState
from mailflow.store.unit import House

AT_LENGTH = 3
"""Tries after which a booking that a calendar does not take is told."""


def calendar_findings(house: House) -> Iterator[Finding]:
    """What each calendar answers now, and what is known of it."""
    if not calendars.sources(house.config):
        return
    for task, state, waiting in _known(house):
        yield _finding(task, state, house)
        if waiting is not None:
            detail = f"a booking was not written {waiting.attempts} times: {waiting.detail}"
            yield warn(_name(task.source), detail, "see that its user may write there")


Known = tuple[Task, CalendarState | None, CalendarEntry | None]


def _known(house: House) -> list[Known]:
    if is_new(house.config):
        now = house.clock()
        return [
            (calendars.first_task(source, now), None, None)
            for source in calendars.sources(house.config)
        ]
    store = open_store(house)
    try:
        return store.read_now(_look)
    finally:
        store.close()


def _look(unit: Unit) -> list[Known]:
    return [
        (
            calendars.first_task(source, unit.now),
            unit.db.find(CalendarState, key=source.key),
            next(
                (
                    one
                    for one in unit.db.all(CalendarEntry, calendar=source.key)
                    if one.attempts >= AT_LENGTH
                ),
                None,
            ),
        )
        for source in calendars.sources(unit.config)
    ]


def _finding(task: Task, state: CalendarState | None, house: House) -> Finding:
    name = _name(task.source)
    try:
        found = asyncio.run(read(task))
    except UnreadableCalendar as error:
        return _unread(task.source, state, house, str(error))
    said = f"it can be read; {_age(state, house)}"
    if found and found.unreadable:
        detail = f"{said}; {found.unreadable} of its events make no sense"
        return warn(name, detail, "mend them, or do without their times")
    return ok(name, said)


def _unread(source: Source, state: CalendarState | None, house: House, error: str) -> Finding:
    advice = "mend its address, username and password_file, or its server"
    detail = f"{error}; {_age(state, house)}"
    if state and state.read and state.read + TRUSTED >= house.clock():
        until = wording.when(state.read + TRUSTED, source.host.timezone)
        return warn(_name(source), f"{detail}, and counts until {until}", advice)
    return fail(_name(source), f"{detail}: no time of {source.host.name} is offered", advice)


def _age(state: CalendarState | None, house: House) -> str:
    if state is None or state.read is None:
        return "it was never read"
    return f"what is known of it is {wording.duration(house.clock() - state.read)} old"


def _name(source: Source) -> str:
    return f"calendar of {source.host.handle} at {source.label}"
