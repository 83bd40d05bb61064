"""The hosts' own calendars: what is known of them, how old that is, and when it counts for nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from urllib.parse import urlsplit

from mailflow import wording
from mailflow.appointments.itip import Busy
from mailflow.appointments.uids import booking_of_uid
from mailflow.config import Calendar, Config, Host
from mailflow.errors import CalendarsUnread
from mailflow.phrases import Said, said
from mailflow.spans import Span
from mailflow.store import queries
from mailflow.store.tables import Attendee, Booking, BusyTime, CalendarEntry, CalendarState
from mailflow.store.unit import Unit

EVERY = timedelta(minutes=5)
"""How often each calendar is read."""

TRUSTED = timedelta(days=1)
"""How long what was last known counts, while a calendar cannot be read."""

SPARE = timedelta(days=7)
"""How much further than anything can be booked: a calendar that does not change is expanded that seldom."""

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Source:
    """One calendar of a host."""

    key: str
    host: Host
    calendar: Calendar
    horizon: timedelta
    """How far ahead this host can be booked."""

    @property
    def label(self) -> str:
        """What it may be called: the path of its address is a secret, often."""
        return urlsplit(self.calendar.ics or self.calendar.caldav).hostname or self.key


@dataclass(frozen=True, slots=True)
class Task:
    """A calendar to be read: its times in `within`, unless it still is as it was at `mark`."""

    source: Source
    within: Span
    mark: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a calendar was found to say."""

    mark: str
    times: Sequence[Busy]
    unreadable: int


def sources(config: Config) -> list[Source]:
    """All calendars that the configuration names."""
    return [
        Source(_key(host, calendar), host, calendar, _horizon(config, host))
        for host in config.hosts
        for calendar in host.calendars
    ]


def tasks(unit: Unit, hosts: frozenset[str] | None = None) -> list[Task]:
    """The calendars to be read now: all of these hosts, or else those whose time has come."""
    found = []
    for source in sources(unit.config):
        state = unit.db.find(CalendarState, key=source.key)
        due = state is None or state.tried + EVERY <= unit.now
        if source.host.handle in hosts if hosts is not None else due:
            found.append(_task(unit, source, state))
    return found


def first_task(source: Source, now: datetime) -> Task:
    """A calendar to be read whatever is known of it."""
    return Task(source, Span(now - DAY, now + source.horizon + DAY + SPARE), "")


def keep(unit: Unit, task: Task, reading: Reading | None) -> None:
    """Remember what a calendar says; None if it says what it said before."""
    state = _state(unit, task.source)
    if reading is None:
        unit.db.change(state, tried=unit.now, read=unit.now, error="")
        return
    spans = {one.span for one in reading.times if not _is_ours(unit, task.source, one.uid)}
    _replace(unit, task.source.key, spans)
    unit.db.change(
        state,
        tried=unit.now,
        read=unit.now,
        covers=task.within.end,
        mark=reading.mark,
        unreadable=reading.unreadable,
        error="",
    )


def keep_failure(unit: Unit, task: Task, error: str) -> None:
    """Remember that a calendar could not be read, and why."""
    unit.db.change(_state(unit, task.source), tried=unit.now, error=error)
    unit.tell("calendar.unread", host=task.source.host.handle)


def forget_others(unit: Unit) -> None:
    """Drop what is known of calendars that the configuration names no more."""
    named = {source.key for source in sources(unit.config)}
    for state in unit.db.all(CalendarState):
        if state.key not in named:
            unit.db.delete(BusyTime, calendar=state.key)
            unit.db.delete(CalendarEntry, calendar=state.key)
            unit.db.delete(CalendarState, key=state.key)


def busy(unit: Unit, handle: str, within: Span) -> tuple[Span, ...]:
    """The times that a host's calendars have as taken, as far as they touch `within`."""
    keys = [source.key for source in _of_host(unit, handle)]
    found = queries.busy_times(unit.db, keys, within) if keys else []
    return tuple(Span(one.start, one.end) for one in found)


def silent(unit: Unit, handle: str) -> Said | None:
    """Which calendar of a host was not read for so long that nobody knows when the host is free; None, if none."""
    for source in _of_host(unit, handle):
        state = unit.db.find(CalendarState, key=source.key)
        if state is None or state.read is None:
            return said("the calendar at %(place)s has not been read yet", place=source.label)
        if state.read + TRUSTED < unit.now:
            return said(
                "the calendar at %(place)s cannot be read since %(when)s",
                place=source.label,
                when=partial(wording.when, state.read, unit.config.host(handle).timezone),
            )
    return None


def age(unit: Unit, source: Source) -> timedelta | None:
    """How old what is known of a calendar is; None if it was never read."""
    state = unit.db.find(CalendarState, key=source.key)
    return unit.now - state.read if state and state.read else None


def where(unit: Unit, handle: str, span: Span) -> Said:
    """Which calendar of a host has that busy time."""
    for source in _of_host(unit, handle):
        if unit.db.find(BusyTime, calendar=source.key, start=span.start, end=span.end):
            return said("the calendar at %(place)s", place=source.label)
    return said("a calendar")


def check_read(unit: Unit, hosts: Sequence[str]) -> None:
    """Raises `CalendarsUnread` where the calendars of these hosts could be read again first, and were not."""
    if unit.calendars_read is None:
        return
    unread = {
        handle
        for handle in hosts
        if handle not in unit.calendars_read and unit.config.host(handle).calendars
    }
    if unread:
        raise CalendarsUnread(unread)


def want_entries(unit: Unit, booking: Booking) -> None:
    """Have a booking written, as it stands, into each calendar of its hosts that is written to."""
    handles = {one.handle for one in unit.db.all(Attendee, booking=booking.id) if one.handle}
    for source in sources(unit.config):
        if not source.calendar.write or source.host.handle not in handles:
            continue
        row = unit.db.find(CalendarEntry, booking=booking.id, calendar=source.key)
        if row is None:
            handle = source.host.handle
            unit.db.insert(CalendarEntry(0, booking.id, handle, source.key, unit.now))
        else:
            unit.db.change(row, due=unit.now, attempts=0)


def _of_host(unit: Unit, handle: str) -> Iterator[Source]:
    if unit.config.host(handle).calendars:
        yield from (one for one in sources(unit.config) if one.host.handle == handle)


def _task(unit: Unit, source: Source, state: CalendarState | None) -> Task:
    task = first_task(source, unit.now)
    if state is None or state.covers is None or state.covers < task.within.end - SPARE:
        return task
    return replace(task, mark=state.mark)


def _state(unit: Unit, source: Source) -> CalendarState:
    state = unit.db.find(CalendarState, key=source.key)
    return state or unit.db.insert(CalendarState(source.key, source.host.handle, unit.now))


def _is_ours(unit: Unit, source: Source, uid: str) -> bool:
    """Whether an event is a booking of that host: those we know better."""
    booking = booking_of_uid(unit, uid)
    handle = source.host.handle
    return bool(booking and unit.db.find(Attendee, booking=booking.id, handle=handle))


def _replace(unit: Unit, key: str, spans: set[Span]) -> None:
    for known in unit.db.all(BusyTime, calendar=key):
        span = Span(known.start, known.end)
        if span in spans:
            spans.discard(span)
        else:
            unit.db.delete(BusyTime, id=known.id)
    for span in spans:
        unit.db.insert(BusyTime(0, key, span.start, span.end))


def _key(host: Host, calendar: Calendar) -> str:
    told = f"{host.handle} {host.timezone} {calendar.ics} {calendar.caldav} {calendar.username}"
    return sha256(told.encode()).hexdigest()[:16]


def _horizon(config: Config, host: Host) -> timedelta:
    kinds = [one for one in config.appointment_types if host.handle in one.hosts]
    return max((one.horizon + one.duration for one in kinds), default=timedelta())
