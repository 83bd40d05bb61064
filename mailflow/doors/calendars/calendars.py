"""Keeps what is known of the hosts' calendars fresh, and theirs of our bookings."""

import asyncio
import base64
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

from mailflow.appointments import calendars, entries
from mailflow.appointments.calendars import Reading, Source, Task
from mailflow.appointments.entries import Entry
from mailflow.doors.calendars.exchange import Server
from mailflow.doors.calendars.reading import expand, read_collection, read_feed
from mailflow.doors.calendars.writing import put, remove
from mailflow.errors import CalendarsUnread, UnreadableCalendar
from mailflow.store import Store, Unit

P = ParamSpec("P")
R = TypeVar("R")

BEFORE_BOOKING = 3.0
"""Seconds that somebody who books waits for the hosts' calendars; then what was last known counts."""

AT_ONCE = 4
"""Calendars that are read at one time."""


class Calendars:
    """The calendars of a store's hosts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places = asyncio.Semaphore(AT_ONCE)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._has_any = any(host.calendars for host in store.house.config.hosts)

    async def run(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `Store.run`; what is to be decided on fresh calendars is, once they were read again."""
        fresh: frozenset[str] = frozenset()

        def with_fresh(unit: Unit) -> R:
            return work(replace(unit, calendars_read=fresh), *args, **kwargs)

        while True:
            try:
                return await self._store.run(with_fresh)
            except CalendarsUnread as unread:
                await self.refresh(unread.hosts)
                fresh |= unread.hosts

    async def refresh(self, hosts: frozenset[str]) -> None:
        """Read the calendars of these hosts, as far as that can be done in a short time."""
        tasks = await self._store.read(calendars.tasks, hosts)
        with suppress(TimeoutError):
            async with asyncio.timeout(BEFORE_BOOKING):
                await asyncio.gather(*map(self._refresh, tasks))

    async def refresh_due(self) -> int:
        """Read the calendars whose time has come; returns how many there were."""
        if not self._has_any:
            return 0
        tasks = await self._store.read(calendars.tasks)
        if tasks:
            await self._store.run(calendars.forget_others)
            await asyncio.gather(*map(self._refresh_in_turn, tasks))
        return len(tasks)

    async def write_due(self) -> int:
        """Write the bookings that wait for it into calendars; returns how many there were."""
        if not self._has_any:
            return 0
        due = await self._store.run(entries.claim)
        for entry in due:
            await self._store.run(entries.settle, entry, await _write(entry))
        return len(due)

    async def _refresh_in_turn(self, task: Task) -> None:
        async with self._places:
            await self._refresh(task)

    async def _refresh(self, task: Task) -> None:
        # One at a time: what was read earlier must not be kept later.
        async with self._locks[task.source.key]:
            try:
                reading = await read(task)
            except UnreadableCalendar as error:
                await self._store.run(calendars.keep_failure, task, str(error))
            else:
                await self._store.run(calendars.keep, task, reading)


async def read(task: Task) -> Reading | None:
    """What a calendar says, or None if it is as it was. Raises `UnreadableCalendar`."""
    source = task.source
    server = _server(source)
    if source.calendar.ics:
        content = await read_feed(server, task.mark)
    else:
        content = await read_collection(server, task.mark, task.within)
    if content is None:
        return None
    found = await expand(content, task.within, source.host.timezone)
    return Reading(content.mark, found.times, found.unreadable)


async def _write(entry: Entry) -> str:
    """Write one entry; returns what went wrong, or ""."""
    try:
        server = _server(entry.source)
        if entry.content is None:
            await remove(server, entry.uid)
        else:
            await put(server, entry.uid, entry.content)
    except UnreadableCalendar as error:
        return str(error)
    return ""


def _server(source: Source) -> Server:
    calendar = source.calendar
    if not calendar.username:
        return Server(calendar.ics or calendar.caldav)
    try:
        password = calendar.password_file.read_text().strip() if calendar.password_file else ""
    except OSError as error:
        raise UnreadableCalendar(f"its password cannot be read: {error.strerror}") from error
    told = base64.b64encode(f"{calendar.username}:{password}".encode()).decode()
    return Server(calendar.ics or calendar.caldav, f"Basic {told}")
