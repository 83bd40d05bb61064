"""What is PostgreSQL's own: several writers at a time, servers that go away and come back, words between processes."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import peewee
import psycopg
import pytest

from mailflow.errors import ConfigError, SlotTaken
from mailflow.spans import Span
from mailflow.store import DatabaseTrouble, Store, Unit, open_store
from mailflow.store.engines import ConnectionLost
from mailflow.store.engines.postgresql import Postgresql
from mailflow.store.queries import reserve
from mailflow.store.tables import Reserved
from tests.flow import Flow
from tests.postgresql import Server
from tests.store.test_database import names, note

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def other(flow: Flow) -> Iterator[Store]:
    """The store of another process on the same database."""
    store = open_store(replace(flow.house, node="node-2"))
    yield store
    store.close()


def count_up(unit: Unit) -> None:
    note(unit, str(len(names(unit))))


async def test_two_who_write_do_as_if_one_came_after_the_other(flow: Flow, other: Store) -> None:
    for store in (flow.store, other):
        store.start()
    await asyncio.gather(*(store.run(count_up) for store in (flow.store, other) for _ in range(50)))
    found = await other.read(names)
    assert sorted(found, key=int) == [str(number) for number in range(100)]


async def test_two_bookings_of_one_time_never_stand(flow: Flow, other: Store) -> None:
    """Spans that overlap in all ways, from two processes at once: the database refuses what the look before missed."""
    for store in (flow.store, other):
        store.start()

    def book(unit: Unit, number: int) -> None:
        start = unit.now + timedelta(minutes=number % 7)
        reserve(unit.db, str(number), ["dana"], Span(start, start + timedelta(minutes=10)))

    came_to = await asyncio.gather(
        *((flow.store, other)[number % 2].run(book, number) for number in range(40)),
        return_exceptions=True,
    )
    assert sorted(map(type, came_to), key=str).count(SlotTaken) == 39
    assert len(await other.read(lambda unit: unit.db.all(Reserved))) == 1


async def test_a_server_that_was_restarted_is_found_again(flow: Flow, server: Server) -> None:
    """Nothing was committed on the connection that is gone: so the caller hears nothing of it."""
    flow.store.start()
    await flow.store.run(note, "before")
    await flow.store.read(names)
    server.control("restart", "--mode=immediate")
    await flow.store.run(note, "after")
    assert await flow.store.read(names) == ["before", "after"]


async def test_a_server_that_is_down_is_told_to_all_who_wait_at_once(
    flow: Flow, server: Server
) -> None:
    flow.store.start()
    server.control("stop", "--mode=immediate")
    try:
        waiting = (flow.store.run(note, str(number)) for number in range(100))
        async with asyncio.timeout(5):
            came_to = await asyncio.gather(*waiting, return_exceptions=True)
    finally:
        server.control("start")
    assert {type(error) for error in came_to} == {ConnectionLost}
    await flow.store.run(note, "taken")
    assert await flow.store.read(names) == ["taken"]


async def test_a_connection_lost_in_a_commit_is_told_and_not_tried_again(
    flow: Flow, server: Server
) -> None:
    """Whether it was committed nobody knows: who asked may look, and ask again."""
    server.execute(
        """
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON knownid DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW WHEN (NEW.message_id = 'last words') EXECUTE FUNCTION die();
        """,
        flow.config.database.url.rpartition("/")[2],
    )
    runs = []

    def work(unit: Unit) -> None:
        runs.append(note(unit, "last words"))

    flow.store.start()
    try:
        with pytest.raises(ConnectionLost):
            await flow.store.run(work)
    finally:
        server.execute("DROP FUNCTION die CASCADE", flow.config.database.url.rpartition("/")[2])
    assert len(runs) == 1
    assert await flow.store.read(names) == []


async def test_a_lock_that_is_kept_is_told_and_the_writer_lives(flow: Flow) -> None:
    flow.store.start()
    with psycopg.connect(flow.config.database.url) as keeper:
        keeper.execute("LOCK TABLE knownid")
        with pytest.raises(DatabaseTrouble, match="lock timeout"):
            await flow.store.run(note, "refused")
    await flow.store.run(note, "taken")
    assert await flow.store.read(names) == ["taken"]


async def test_a_commit_wakes_the_others(flow: Flow, other: Store) -> None:
    woken, loop = asyncio.Event(), asyncio.get_running_loop()
    other.committed = lambda: loop.call_soon_threadsafe(woken.set)
    own: list[None] = []
    flow.store.committed = lambda: own.append(None)
    for store in (flow.store, other):
        store.start()
    async with asyncio.timeout(10):
        while not woken.is_set():  # until it has begun to listen
            await flow.store.run(note, str(len(own)))
            await asyncio.sleep(0.05)
    assert len(await other.read(names)) == len(own)
    woken.clear()
    flow.run(note, "a command's")
    async with asyncio.timeout(10):
        await woken.wait()


def test_two_who_start_at_once_make_the_tables_once(flow: Flow, server: Server) -> None:
    server.execute("CREATE DATABASE fresh")
    house = replace(
        flow.house,
        config=replace(
            flow.config, database=replace(flow.config.database, url=server.url("fresh"))
        ),
    )
    together = threading.Barrier(4)

    def start() -> list[str]:
        together.wait()
        store = open_store(house)
        found = store.read_now(names)
        store.close()
        return found

    with ThreadPoolExecutor(4) as starters:
        started = [starters.submit(start) for _ in range(4)]
        assert [one.result() for one in started] == [[]] * 4
    server.execute("DROP DATABASE fresh")


def test_an_address_that_makes_no_sense_is_a_mistake_and_tells_no_password(database: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Postgresql(database.replace("tester@", "tester:secret@") + "?no=such")
    assert "secret" not in str(caught.value)


def test_no_text_that_reaches_a_table_holds_what_it_cannot_keep(flow: Flow) -> None:
    """PostgreSQL keeps no NUL: it is gone wherever a mail may have it."""
    flow.mail(
        "joe@client.test",
        "dana@flow.test",
        "be\x00fore /offer\x00",
        X_Odd="a\x00b",
    )
    raw = (
        b"From: =?utf-8?q?J=00oe?= <joe@client.test>\r\nTo: dana@flow.test\r\n"
        b"Message-ID: <a\x00b@client.test>\r\nReferences: <c\x00d@x> <e@x>\r\nSubject: =?utf-8?b?AGEA?= \x00\r\n"
        b"Thread-Index: AAAA\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
        b"<p>a&#0;b\x00c</p>\r\n--b\r\nContent-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:\x00\r\n"
        b'--b\r\nContent-Disposition: attachment; filename="a\x00b.txt"\r\n\r\nx\r\n--b--\r\n'
    )
    assert flow.hand_in(raw, ["dana@flow.test"])


def test_every_lookup_of_the_hot_path_has_an_index(flow: Flow) -> None:
    """No scan of a table that grows, even where PostgreSQL does not know the values yet."""
    flow.mail("joe@client.test", "dana@flow.test", "Hello")
    database: Any = flow.store._database
    database.execute_sql("SET enable_seqscan = off")
    database.execute_sql("SET plan_cache_mode = force_generic_plan")
    for number, (sql, places) in enumerate(list(flow.store._statements.values())):
        if sql.startswith(("SELECT", "UPDATE", "DELETE")):
            for place in range(1, len(places) + 1):
                sql = sql.replace("%s", f"${place}", 1)  # noqa: PLW2901
            database.execute_sql(f"PREPARE hot_{number} AS {sql}")
            given = f"({', '.join(['NULL'] * len(places))})" if places else ""
            plan = database.execute_sql(f"EXPLAIN EXECUTE hot_{number} {given}").fetchall()
            assert not any("Seq Scan" in line for (line,) in plan), (sql, plan)
    assert isinstance(database, peewee.PostgresqlDatabase)
