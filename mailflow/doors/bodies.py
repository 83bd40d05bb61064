"""The bodies of copies of big mails, made by the readers before the transaction that queues the copies."""

from collections.abc import Callable
from dataclasses import replace
from tempfile import TemporaryFile
from typing import Concatenate, ParamSpec, TypeVar

from mailflow.doors.held_mails import HeldMails
from mailflow.doors.readers import Readers
from mailflow.doors.spooling import spooled
from mailflow.errors import BodyUnmade
from mailflow.mail.spooled import Content, Spooled
from mailflow.mail.tasks import Relaying
from mailflow.store import Store, Unit
from mailflow.store.blobs import keep
from mailflow.store.unit import Made

P = ParamSpec("P")
R = TypeVar("R")


class Bodies:
    """The copies of the big mails of a store."""

    def __init__(self, store: Store, readers: Readers, held_mails: HeldMails) -> None:
        self._store = store
        self._readers = readers
        self._held_mails = held_mails

    async def run(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `HeldMails.run`; what passes a big mail on does, once the bodies of its copies are kept.

        Raises `Unreadable` and `ReaderLost` where they cannot be made, too.
        """
        made: dict[tuple[str, Relaying], Made] = {}

        def with_made(unit: Unit) -> R:
            return work(replace(unit, made=made), *args, **kwargs)

        while True:
            try:
                return await self._held_mails.run(with_made)
            except BodyUnmade as unmade:
                async with spooled(self._store, unmade.blob) as raw:
                    made[unmade.blob, unmade.changes] = await self._make(raw, unmade.changes)

    async def _make(self, raw: Content, changes: Relaying) -> Made:
        with TemporaryFile(dir=self._store.house.config.mailflow.data_dir) as file:
            outline, size = await self._readers.relay(raw, changes, file)
            body = Spooled(file, 0, size)
            return Made(await self._store.run(lambda unit: keep(unit.db, body)), outline)
