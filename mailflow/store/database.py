"""The database and its one writer: calls that wait together share one commit.

SQLite lets one transaction write at a time, so one thread owns the writing connection. It takes every call that waits,
runs each in a savepoint of one IMMEDIATE transaction, commits once, and only then tells each caller its result.
A call that fails is rolled back alone; a commit that fails is the failure of all.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import peewee as pw

from mailflow.config import Config
from mailflow.store.migrations import migrate
from mailflow.store.session import Session, Statements
from mailflow.store.unit import House, Unit

P = ParamSpec("P")
R = TypeVar("R")

DatabaseTrouble = pw.OperationalError
"""The database itself is in trouble: locked, full, not to be opened."""

BATCH = 64
"""Calls in one commit at most: bounds how long the first of them waits for the last."""

BUSY_TIMEOUT = 5
"""Seconds that a writer waits for a writer of another process; less than any peer's patience."""

READERS = 2


@dataclass(slots=True)
class _Call:
    """A function that waits for its turn in a transaction."""

    work: Callable[[Unit], Any]
    result: "Future[Any]"
    value: Any = None
    error: BaseException | None = None
    wrote: bool = False

    def tell(self) -> None:
        """Hand the caller what came of it."""
        if self.error is not None:
            self.result.set_exception(self.error)
        else:
            self.result.set_result(self.value)


class Store:
    """Runs functions of `(unit, …)` as transactions of one database."""

    def __init__(self, database: pw.Database, house: House) -> None:
        self._database = database
        self._house = house
        self._statements: Statements = {}
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._closed = False
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self.committed: Callable[[], object] = lambda: None
        """Called by the writer after each commit that wrote something: whoever works a queue is woken by it."""

    @property
    def house(self) -> House:
        return self._house

    def start(self) -> None:
        """Start the writer; `run` may be awaited from now on."""
        self._writer = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Finish what waits, then end the writer and close the database; once is enough."""
        if self._closed:
            return
        self._closed = True
        if self._writer is not None:
            self._calls.put(None)
            self._writer.join()
        self._close_readers()
        self._database.close()

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
        result: Future[R] = Future()
        self._calls.put(_Call(lambda unit: work(unit, *args, **kwargs), result))
        return await asyncio.wrap_future(result)

    async def read(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """The result of `work(unit, …)` on a consistent view of the database, beside the writer; it must not write."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers,
            lambda: self._transact("DEFERRED", lambda unit: work(unit, *args, **kwargs)),
        )

    def run_now(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `run`, in the calling thread: for a command that is a process of its own."""
        return self._transact("IMMEDIATE", lambda unit: work(unit, *args, **kwargs))

    def read_now(
        self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """As `read`, in the calling thread."""
        return self._transact("DEFERRED", lambda unit: work(unit, *args, **kwargs))

    def _transact(self, lock: str, work: Callable[[Unit], R]) -> R:
        with self._database.atomic(lock):
            return work(self._unit())

    def _unit(self) -> Unit:
        house = self._house
        session = Session(self._database, self._statements)
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
            wanted = [call for call in batch if call.result.set_running_or_notify_cancel()]
            if wanted:
                self._commit(wanted)
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
        try:
            with self._database.atomic("IMMEDIATE"):
                for call in batch:
                    self._attempt(call)
        except BaseException as error:  # whatever it is, nobody may be left waiting
            self._commit_apart(batch, error)
        else:
            if any(call.wrote for call in batch):
                self.committed()
            for call in batch:
                call.tell()

    def _commit_apart(self, batch: list[_Call], error: BaseException) -> None:
        """After a transaction that failed as a whole: one for each call, so that none suffers for another."""
        if len(batch) == 1:
            batch[0].error = error
            batch[0].tell()
            return
        for call in batch:
            call.error = None
            self._commit([call])

    def _attempt(self, call: _Call) -> None:
        try:
            with self._database.atomic():
                unit = self._unit()
                call.value = call.work(unit)
                call.wrote = unit.db.wrote
        except DatabaseTrouble:
            raise  # the database itself is in trouble: nothing of this transaction may count
        except Exception as error:  # the caller's own failure, told to the caller
            call.error = error


def database_path(config: Config) -> Path:
    """Where the embedded database lies."""
    return config.mailflow.data_dir / "mailflow.db"


def open_store(house: House) -> Store:
    """The store that the configuration names, its schema brought up to date."""
    path = database_path(house.config)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = pw.SqliteDatabase(
        str(path),
        timeout=BUSY_TIMEOUT,
        pragmas={
            "journal_mode": "wal",
            # A commit is on the disk before anybody is told of it.
            "synchronous": "full",
        },
    )
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return Store(database, house)
