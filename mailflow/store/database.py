"""The database and its one writer: calls that wait together share one commit.

One thread owns the writing connection. It takes every call that waits, runs each in a savepoint of one transaction,
commits once, and only then tells each caller its result. Calls that can be done in one go share their savepoint; where
there is nothing else in the transaction, none is needed. A call that fails is rolled back alone; a commit that fails is
the failure of all. Other processes may write to the same database: how their transactions and ours keep apart is the
engine's.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any, Concatenate, ParamSpec, TypeVar

from mailflow.errors import DiskFailed
from mailflow.journal import Event, write_down
from mailflow.store.engines import ConnectionLost, DatabaseTrouble, Engine, Locked, engine_for
from mailflow.store.migrations import Schema, migrate
from mailflow.store.session import Session, Statements
from mailflow.store.unit import House, Unit

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

BATCH = 64
"""Calls in one commit at most: bounds how long the first of them waits for the last."""

READERS = 2

TROUBLE_OF_ALL = (ConnectionLost, Locked, DiskFailed)
"""What would meet each call of a batch alone as well, one after the other."""


@dataclass(slots=True)
class _Call:
    """A function that waits for its turn in a transaction, with what it is to work on."""

    work: Callable[[Unit, Sequence[Any]], Sequence[Any]]
    """Those of the same work are done in one go: it gets what each works on, and returns what each comes to."""
    item: Any
    begin: str
    """How its transaction begins: those that begin alike share one."""
    claims: bool
    """Whether it takes rows up: that is done last, so that it finds what the others write."""
    result: "asyncio.Future[Any]"
    value: Any = None
    error: BaseException | None = None
    wrote: bool = False
    events: Sequence[Event] = ()

    def tell(self) -> None:
        """Hand the caller what came of it, unless nobody waits any more; in the caller's loop."""
        if self.result.done():
            return
        if self.error is not None:
            self.result.set_exception(self.error)
        else:
            self.result.set_result(self.value)


def _tell(calls: Sequence[_Call]) -> None:
    """Hand all callers what came of their calls: a loop is woken once, since each waking costs as much as a mail."""
    for loop in {call.result.get_loop() for call in calls}:
        told = [call for call in calls if call.result.get_loop() is loop]
        with suppress(RuntimeError):  # a loop that is closed waits for nothing
            loop.call_soon_threadsafe(_tell_here, told)


def _tell_here(calls: Sequence[_Call]) -> None:
    for call in calls:
        call.tell()


class Store:
    """Runs functions of `(unit, …)` as transactions of one database."""

    def __init__(self, engine: Engine, house: House, schema: Schema) -> None:
        self.schema = schema
        """What the database says of its tables."""
        self._engine = engine
        self._database = engine.database
        self._house = house
        self._statements: Statements = {}
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._closed = False
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self.committed: Callable[[], object] = lambda: None
        """Called after each commit that wrote something, here or in another process, as far as it is heard of:
        whoever works a queue is woken by it."""
        self.failure: DiskFailed | None = None
        """Why nothing is written any more: what is on the disk is not what it seems, and a new start has to look."""
        self.failed: Callable[[], object] = lambda: None
        """Called by the writer once, when that is found out."""

    @property
    def house(self) -> House:
        return self._house

    def software(self) -> str:
        """What keeps the database, and its release."""
        return self._engine.software()

    def doubts(self) -> Sequence[tuple[str, str]]:
        """What of the database's own settings breaks a promise, each with what to do about it."""
        return self._engine.doubts()

    def prove(self) -> None:
        """Before serving: see that the database can be written and read, and lies on the disk.

        Raises `DatabaseTrouble`, `DiskFailed`.
        """
        self._engine.prove()

    def start(self) -> None:
        """Start the writer; `run` may be awaited from now on."""
        self._writer = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._writer.start()
        self._engine.listen(self._house.node, self._hear)

    def close(self) -> None:
        """Finish what waits, then end the writer and close the database; once is enough."""
        if self._closed:
            return
        self._closed = True
        self._engine.stop_listening()
        if self._writer is not None:
            self._calls.put(None)
            self._writer.join()
        self._close_readers()
        self._database.close()

    def _hear(self) -> None:
        self.committed()

    def _close_readers(self) -> None:
        """A connection belongs to its thread, and is closed there."""
        all_there = threading.Barrier(READERS)

        def close() -> None:
            all_there.wait()
            self._database.close()

        for _ in range(READERS):
            self._readers.submit(close)
        self._readers.shutdown()

    async def run(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The result of `work(unit, …)`, once its transaction is on disk."""
        return await self.run_joined(lambda unit, _: [work(unit, *args, **kwargs)], None)

    def run_joined(
        self, work: Callable[[Unit, Sequence[T]], Sequence[R]], item: T
    ) -> "asyncio.Future[R]":
        """As `run`, for what comes often: `work(unit, items)` gets the items of all callers that wait, and returns what
        each comes to. If it fails, it is tried with each item alone."""
        return self._put(work, item)

    async def claim(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `run`, for work that does no more than take rows up for this process, passing over those of others: it
        stands in nobody's way, and comes after what else waits."""
        return await self._put(lambda unit, _: [work(unit, *args, **kwargs)], None, claims=True)

    def _put(
        self, work: Callable[[Unit, Sequence[T]], Sequence[R]], item: T, *, claims: bool = False
    ) -> "asyncio.Future[R]":
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        begin = self._engine.claiming if claims else self._engine.writing
        self._calls.put(_Call(work, item, begin, claims, result))
        return result

    async def read(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The result of `work(unit, …)` on a consistent view of the database, beside the writer; it must not write."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers,
            lambda: self._transact(self._engine.reading, lambda unit: work(unit, *args, **kwargs)),
        )

    def run_now(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `run`, in the calling thread: for a command that is a process of its own."""
        return self._transact(self._engine.writing, lambda unit: work(unit, *args, **kwargs))

    def read_now(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `read`, in the calling thread."""
        return self._transact(self._engine.reading, lambda unit: work(unit, *args, **kwargs))

    def _transact(self, begin: str, work: Callable[[Unit], R]) -> R:
        def announced() -> tuple[R, Sequence[Event]]:
            unit = self._unit()
            value = work(unit)
            if unit.db.wrote:
                self._engine.announce(unit.node)
            return value, unit.events

        value, events = self._engine.transact(begin, announced)
        write_down(events)
        return value

    def _unit(self) -> Unit:
        house = self._house
        session = Session(self._engine, self._statements)
        return Unit(
            db=session,
            now=house.clock(),
            config=house.config,
            keys=house.keys,
            templates=house.templates,
            random=house.random,
            node=house.node,
            signer=house.signer,
        )

    def _write(self) -> None:
        open_for_more = True
        while open_for_more:
            batch, open_for_more = self._next_batch()
            # From here on a caller that stops waiting changes nothing any more.
            wanted = [call for call in batch if not call.result.cancelled()]
            wanted.sort(key=attrgetter("claims"))
            for begin in dict.fromkeys(call.begin for call in wanted):
                self._commit([call for call in wanted if call.begin == begin])
        self._database.close()

    def _next_batch(self) -> tuple[list[_Call], bool]:
        """The calls that wait now, at least one; False with them when no more will come."""
        batch: list[_Call] = []
        while not batch or (len(batch) < BATCH and not self._calls.empty()):
            call = self._calls.get()
            if call is None:
                return batch, False
            batch.append(call)
        return batch, True

    def _commit(self, batch: list[_Call]) -> None:
        if self.failure is not None:
            self._fail(batch, self.failure)
            return
        try:
            self._engine.transact(batch[0].begin, lambda: self._attempt_all(batch))
        except BaseException as error:  # whatever it is, nobody may be left waiting
            if len(batch) == 1 or isinstance(error, TROUBLE_OF_ALL):
                self._fail(batch, error)
            else:  # one for each, so that none suffers for another
                for call in batch:
                    self._commit([call])
        else:
            if any(call.wrote for call in batch):
                self.committed()
            _tell(batch)
            write_down(chain.from_iterable(call.events for call in batch))

    def _fail(self, batch: list[_Call], error: BaseException) -> None:
        if isinstance(error, DiskFailed) and self.failure is None:
            self.failure = error
            self.failed()
        for call in batch:
            call.error = error
        _tell(batch)

    def _attempt_all(self, batch: list[_Call]) -> None:
        joined: dict[Any, list[_Call]] = {}
        for call in batch:
            call.error, call.wrote, call.events = None, False, ()
            joined.setdefault(call.work, []).append(call)
        if len(joined) == 1:  # if it fails, so may the transaction
            self._do(self._unit(), batch)
        else:
            for calls in joined.values():
                self._attempt(calls)
        if any(call.wrote for call in batch):
            self._engine.announce(self._house.node)

    def _attempt(self, calls: list[_Call]) -> None:
        """Do calls of the same work in one go; if it fails, one by one."""
        unit = self._unit()
        try:
            with unit.db.attempt():
                self._do(unit, calls)
        except DatabaseTrouble:
            raise  # the database itself is in trouble: nothing of this transaction may count
        except Exception as error:  # the caller's own failure, told to the caller
            if len(calls) == 1:
                calls[0].error = error
                return
            for call in calls:
                self._attempt([call])

    def _do(self, unit: Unit, calls: list[_Call]) -> None:
        values = calls[0].work(unit, [call.item for call in calls])
        for call, value in zip(calls, values, strict=True):
            call.value = value
        calls[0].wrote, calls[0].events = unit.db.wrote, unit.events


def open_store(house: House) -> Store:
    """The store that the configuration names, its schema at least as new as this release's."""
    engine = engine_for(house.config)
    try:
        schema = migrate(engine, house.clock())
    except BaseException:
        engine.database.close()
        raise
    return Store(engine, house, schema)
