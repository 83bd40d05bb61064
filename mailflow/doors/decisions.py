"""Transactions for which a mail has to be looked into first: that is done outside them, and they are run again."""

from collections.abc import Callable
from dataclasses import replace
from tempfile import TemporaryFile
from typing import Concatenate, ParamSpec, TypeVar

from mailflow.conversations.taking import job_of
from mailflow.doors.calendars import Calendars
from mailflow.doors.readers import Readers
from mailflow.doors.spooling import read_job, spooled
from mailflow.errors import BodyUnmade, HeldMailUnread
from mailflow.mail.reading import Mail
from mailflow.mail.spooled import Spooled
from mailflow.mail.tasks import Relaying
from mailflow.store import Store, Unit
from mailflow.store.blobs import keep
from mailflow.store.unit import Made

P = ParamSpec("P")
R = TypeVar("R")


class Decisions:
    """What is decided about the mails of a store."""

    def __init__(self, store: Store, readers: Readers, calendars: Calendars) -> None:
        self._store = store
        self._readers = readers
        self._calendars = calendars

    async def run(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `Calendars.run`; a held mail is read, and the body of a big mail's copy made, where `work` asks for it.

        Raises `Unreadable` and `ReaderLost` where a reader cannot do that.
        """
        found: dict[int, Mail] = {}
        made: dict[tuple[str, Relaying], Made] = {}

        def prepared(unit: Unit) -> R:
            return work(replace(unit, held_mails=found, made=made), *args, **kwargs)

        while True:
            try:
                return await self._calendars.run(prepared)
            except HeldMailUnread as unread:
                found[unread.ident] = await self._read(unread.ident)
            except BodyUnmade as unmade:
                made[unmade.blob, unmade.changes] = await self._make(unmade.blob, unmade.changes)

    async def _read(self, ident: int) -> Mail:
        job = await self._store.read(job_of, ident)
        return await read_job(self._store, self._readers, job)

    async def _make(self, blob: str, changes: Relaying) -> Made:
        folder = self._store.house.config.mailflow.data_dir
        async with spooled(self._store, blob) as raw:
            with TemporaryFile(dir=folder) as file:
                outline, size = await self._readers.relay(raw, changes, file)
                body = Spooled(file, 0, size)
                return Made(await self._store.run(lambda unit: keep(unit.db, body)), outline)
