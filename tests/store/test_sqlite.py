"""What is SQLite's own: its lock, its journal, its plans."""

import sqlite3
from pathlib import Path
from typing import Any

import peewee
import pytest

from mailflow.store import DatabaseTrouble, open_store
from tests.flow import Flow
from tests.store.test_database import names, note

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def test_a_locked_database_is_told_and_the_writer_lives(flow: Flow, tmp_path: Path) -> None:
    flow.store.start()
    other = sqlite3.connect(tmp_path / "data" / "mailflow.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(peewee.OperationalError, match="locked"):
        await flow.store.run(note, "refused")
    other.execute("ROLLBACK")
    other.close()
    await flow.store.run(note, "taken")
    assert await flow.store.read(names) == ["taken"]


def test_a_file_that_is_broken_is_told_with_what_to_do(flow: Flow, tmp_path: Path) -> None:
    flow.mail("joe@client.test", "dana@flow.test", "Hello")
    flow.store.close()
    file = tmp_path / "data" / "mailflow.db"
    file.write_bytes(file.read_bytes()[:8192].ljust(300_000, b"?"))
    with pytest.raises(DatabaseTrouble, match="malformed: put a backup in its place"):
        open_store(flow.house)
    file.write_bytes(b"A letter to the editor, by mistake." * 100)
    with pytest.raises(DatabaseTrouble, match="not a database: put a backup in its place"):
        open_store(flow.house)


def test_a_commit_is_on_the_disk(flow: Flow) -> None:
    """WAL with synchronous=FULL (2): a power cut takes back nothing that was answered."""
    database: Any = flow.store._database
    assert database.pragma("journal_mode") == "wal"
    assert database.pragma("synchronous") == 2


def test_every_lookup_of_the_hot_path_has_an_index(flow: Flow) -> None:
    """No scan of a table that grows: SQLite's plan for each statement that a conversation runs."""
    flow.mail("joe@client.test", "dana@flow.test", "Hello")
    database: Any = flow.store._database
    grown = {"message", "knownid", "delivery", "takenmail", "participant", "blob", "offeredslot"}
    for sql, places in list(flow.store._statements.values()):
        if not sql.startswith(("SELECT", "UPDATE", "DELETE")):
            continue
        plan = database.execute_sql(f"EXPLAIN QUERY PLAN {sql}", [None] * len(places)).fetchall()
        for row in plan:
            scanned = (
                row[3].removeprefix("SCAN ").split(" ")[0] if row[3].startswith("SCAN") else ""
            )
            assert not any(f'"{table}"' in sql and scanned for table in grown), (sql, row[3])
