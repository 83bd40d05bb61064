"""SQLite: a file, one writer at a time, no other server."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import peewee as pw

from mailflow.config import Config
from mailflow.store.engines import fts5

R = TypeVar("R")

BUSY_TIMEOUT = 5
"""Seconds that a writer waits for a writer of another process; less than any peer's patience."""

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
    reading = "DEFERRED"
    migrating = "IMMEDIATE"

    def __init__(self, path: Path) -> None:
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
        with self.database.atomic(begin):
            return work()

    def schema_version(self) -> int:
        return int(self.database.execute_sql("PRAGMA user_version").fetchone()[0])

    def mark_schema(self, version: int) -> None:
        self.database.execute_sql(f"PRAGMA user_version = {version}")

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

    def announce(self, node: str) -> None:
        pass

    def listen(self, node: str, heard: Callable[[], object]) -> None:
        pass

    def stop_listening(self) -> None:
        pass
