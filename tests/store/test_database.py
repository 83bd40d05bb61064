"""The one writer: group commit, failures alone and together, restarts, versions of the schema."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import peewee
import pytest

from mailflow.errors import MailflowError
from mailflow.store import open_store
from mailflow.store.tables import KnownId
from mailflow.store.unit import Unit
from tests.flow import Flow


def note(unit: Unit, name: str) -> KnownId:
    return unit.db.insert(KnownId(0, "dana", name, "c"))


def names(unit: Unit) -> list[str]:
    return [known.message_id for known in unit.db.all(KnownId)]


async def test_calls_that_wait_together_share_one_commit(flow: Flow) -> None:
    commits: list[None] = []
    flow.store.committed = lambda: commits.append(None)
    together = asyncio.gather(*(flow.store.run(note, f"{number}") for number in range(50)))
    await asyncio.sleep(0)
    flow.store.start()
    await together
    assert len(commits) == 1
    assert len(await flow.store.read(names)) == 50


async def test_who_only_looked_wakes_nobody(flow: Flow) -> None:
    commits: list[None] = []
    flow.store.committed = lambda: commits.append(None)
    flow.store.start()
    await flow.store.run(names)
    assert commits == []
    await flow.store.run(note, "one")
    assert len(commits) == 1


async def test_a_failure_is_its_callers_alone(flow: Flow) -> None:
    def fail(unit: Unit) -> None:
        note(unit, "half")
        raise MailflowError("no")

    together = asyncio.gather(
        flow.store.run(note, "one"),
        flow.store.run(fail),
        flow.store.run(note, "two"),
        return_exceptions=True,
    )
    flow.store.start()
    results = await together
    assert isinstance(results[1], MailflowError)
    assert await flow.store.read(names) == ["one", "two"]


async def test_trouble_of_the_database_is_told_and_harms_no_other_call(flow: Flow) -> None:
    def broken(unit: Unit) -> None:
        note(unit, "half")
        raise peewee.OperationalError("disk I/O error")

    together = asyncio.gather(
        flow.store.run(note, "one"),
        flow.store.run(broken),
        flow.store.run(note, "two"),
        return_exceptions=True,
    )
    flow.store.start()
    assert isinstance((await together)[1], peewee.OperationalError)
    assert await flow.store.read(names) == ["one", "two"]


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


async def test_who_stops_waiting_leaves_nothing_and_harms_nobody(flow: Flow) -> None:
    gone = asyncio.ensure_future(flow.store.run(note, "gone"))
    await asyncio.sleep(0)
    gone.cancel()
    stays = asyncio.ensure_future(flow.store.run(note, "stays"))
    await asyncio.sleep(0)
    flow.store.start()
    await stays
    assert await flow.store.read(names) == ["stays"]


async def test_what_was_asked_for_before_closing_is_done(flow: Flow) -> None:
    waiting = [asyncio.ensure_future(flow.store.run(note, str(n))) for n in range(200)]
    await asyncio.sleep(0)
    flow.store.start()
    flow.store.close()
    await asyncio.gather(*waiting)


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    flow = Flow(tmp_path)
    flow.run(note, "kept")
    flow.close()
    again = Flow(tmp_path)
    assert again.run(names) == ["kept"]
    again.close()


def test_a_commit_is_on_the_disk(flow: Flow) -> None:
    """WAL with synchronous=FULL (2): a power cut takes back nothing that was answered."""
    database: Any = flow.store._database
    assert database.pragma("journal_mode") == "wal"
    assert database.pragma("synchronous") == 2


def test_a_database_of_a_newer_mailflow_is_refused(tmp_path: Path) -> None:
    flow = Flow(tmp_path)
    flow.close()
    with sqlite3.connect(tmp_path / "data" / "mailflow.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(MailflowError, match="newer mailflow"):
        open_store(flow.house)


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
