"""SQLite: a file, one writer at a time, no other server."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import peewee as pw

from mailflow.config import Config
from mailflow.errors import DiskFailed
from mailflow.store.engines import fts5
from mailflow.store.engines.engine import Locked
from mailflow.store.room import keep_reserve, release_reserve

R = TypeVar("R")

BUSY_TIMEOUT = 5
"""Seconds that a writer waits for a writer of another process; less than any peer's patience."""

FAILED_SYNCS = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}
"""A sync that failed is not tried again: the next one says that all is well, and what was lost stays lost."""

SHUT = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}

BROKEN = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}

PRIMARY = 0xFF
"""The bits of SQLite's code that say what kind of error it is."""

# Half-open spans: one may begin where another ends.
GUARD = """
CREATE TRIGGER {name} BEFORE {event} ON reserved
WHEN EXISTS (
  SELECT 1 FROM reserved
  WHERE host = NEW.host AND start < NEW."end" AND "end" > NEW.start AND id != NEW.id
)
BEGIN SELECT RAISE(ABORT, 'overlapping booking'); END
"""


def database_path(config: Config) -> Path:
    """Where the embedded database lies."""
    return config.mailflow.data_dir / "mailflow.db"


class Sqlite:
    """A database in a file. Other processes look into it now and then: nothing tells them of a commit."""

    writing = "IMMEDIATE"
    claiming = "IMMEDIATE"
    reading = "DEFERRED"
    migrating = "IMMEDIATE"
    alone = "IMMEDIATE"

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.database: Any = pw.SqliteDatabase(
            str(path),
            timeout=BUSY_TIMEOUT,
            pragmas={
                "journal_mode": "wal",
                # A commit is on the disk before anybody is told of it.
                "synchronous": "full",
            },
        )

    def transact(self, begin: str, work: Callable[[], R]) -> R:
        with self._telling():
            try:
                return self._once(begin, work)
            except pw.OperationalError as error:
                if not _is_full(error) or not release_reserve(self._path.parent):
                    raise
            return self._once(begin, work)

    def _once(self, begin: str, work: Callable[[], R]) -> R:
        with self.database.atomic(begin):
            return work()

    def prove(self) -> None:
        keep_reserve(self._path.parent)
        # A number that nobody reads: SQLite writes it, whatever it was before.
        self.transact(self.writing, lambda: self.database.execute_sql("PRAGMA user_version = 1"))
        # After a sync that failed the system shows bytes that never reached the disk, and SQLite takes them for
        # committed: they are written anew, and synced, before anything stands upon them.
        with self._telling():
            self.database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Raise what SQLite meant by an error."""
        try:
            yield
        except pw.OperationalError as error:
            raise self._meaning(_first(error)) from error
        except pw.DatabaseError as error:
            if _primary(_own(error)) not in BROKEN:
                raise
            said = f"{self._path}: {_own(error)}: put a backup in its place"
            raise pw.OperationalError(said) from error

    def _meaning(self, error: Exception) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0)
        if code in FAILED_SYNCS:
            return DiskFailed(f"the disk failed: {self._path} could not be synced")
        if code & PRIMARY == sqlite3.SQLITE_BUSY:
            return Locked(str(error))
        advice = f": see that the user mailflow runs as owns {self._path} and its folder"
        return pw.OperationalError(f"{error}{advice if code & PRIMARY in SHUT else ''}")

    def look_alone(self) -> None:
        pass  # who changes anything is alone

    def wait_for_writers(self) -> None:
        pass  # the same

    def guards(self) -> Iterable[str]:
        for name, event in (("reserved_insert", "INSERT"), ("reserved_update", "UPDATE")):
            yield GUARD.format(name=name, event=event)

    def word_index(self) -> Iterable[str]:
        return fts5.index()

    def with_words(self, words: str, *, beginnings: bool) -> pw.SQL:
        return fts5.query(words, beginnings=beginnings)

    def software(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def doubts(self) -> Sequence[tuple[str, str]]:
        return ()  # its settings are ours

    def is_in_use(self) -> bool:
        self.database.close()
        with closing(sqlite3.connect(self._path, timeout=0)) as connection:
            # In WAL whoever has the file open keeps a lock that shuts this one out, even while it does nothing.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            try:
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & PRIMARY != sqlite3.SQLITE_BUSY:
                    raise self._meaning(error) from error
                return True
        return False

    def number_on(self, table: str) -> None:
        pass  # they do by themselves

    def announce(self, node: str) -> None:
        pass

    def listen(self, node: str, heard: Callable[[], object]) -> None:
        pass

    def stop_listening(self) -> None:
        pass


def _is_full(error: Exception) -> bool:
    return _primary(_first(error)) == sqlite3.SQLITE_FULL


def _own(error: Exception) -> Exception:
    """SQLite's own error, which peewee has put into its own, once or twice."""
    while isinstance(error, pw.DatabaseError) and hasattr(error, "orig"):
        error = error.orig
    return error


def _primary(error: Exception) -> int:
    """What kind of error SQLite says it is; 0 if it is none of SQLite's."""
    return int(getattr(error, "sqlite_errorcode", 0)) & PRIMARY


def _first(error: Exception) -> Exception:
    """What failed first: the rollback after it may fail as well, since SQLite has done it, and would hide it."""
    earlier = error.__cause__ or error.__context__
    while isinstance(earlier, sqlite3.OperationalError | pw.OperationalError):
        error, earlier = earlier, earlier.__cause__ or earlier.__context__
    return error
