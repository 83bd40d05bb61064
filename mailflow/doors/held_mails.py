"""Held mails read again, under the limits of any mail, before the transaction that lets them through."""

from collections.abc import Callable
from dataclasses import replace
from typing import Concatenate, ParamSpec, TypeVar

from mailflow.conversations.taking import job_of
from mailflow.doors.calendars import Calendars
from mailflow.doors.readers import Readers
from mailflow.doors.spooling import read_job
from mailflow.errors import HeldMailUnread
from mailflow.mail.reading import Mail
from mailflow.store import Store, Unit

P = ParamSpec("P")
R = TypeVar("R")


class HeldMails:
    """The held mails of a store."""

    def __init__(self, store: Store, readers: Readers, calendars: Calendars) -> None:
        self._store = store
        self._readers = readers
        self._calendars = calendars

    async def run(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `Calendars.run`; what lets a held mail through does, once that was read.

        Raises `Unreadable` and `ReaderLost` where it cannot be read any more.
        """
        found: dict[int, Mail] = {}

        def with_found(unit: Unit) -> R:
            return work(replace(unit, held_mails=found), *args, **kwargs)

        while True:
            try:
                return await self._calendars.run(with_found)
            except HeldMailUnread as unread:
                job = await self._store.read(job_of, unread.ident)
                found[unread.ident] = await read_job(self._store, self._readers, job)
