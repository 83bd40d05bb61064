"""One release after the other on one database: what a newer one adds, and what an older one may not meet."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import peewee
import pytest

from mailflow.errors import MailflowError
from mailflow.nodes import be_seen, leave
from mailflow.store import copy_database
from mailflow.store.engines import Engine
from mailflow.store.engines.postgresql import Postgresql
from mailflow.store.engines.sqlite import Sqlite
from mailflow.store.migrations import STEPS, Schema, Step, migrate, newest
from mailflow.store.tables.nodes import LOST
from tests.end_to_end.test_the_main_job import DANA, HOST, JOE, offered, press, slot_links
from tests.end_to_end.world import World
from tests.postgresql import Server
from tests.store.test_copying import advance, placed, reopened

AS_IS = Schema(newest(), 1)


def add(engine: Engine) -> None:
    """All that a step may add for a release that is to come."""
    for statement in (
        "ALTER TABLE message ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",
        "ALTER TABLE takenmail ADD COLUMN weight INTEGER",
        "ALTER TABLE node ADD COLUMN mood TEXT",
        "CREATE TABLE weather (day TEXT PRIMARY KEY, degrees INTEGER NOT NULL)",
        "CREATE INDEX delivery_mood ON delivery (state, recipient)",
    ):
        engine.database.execute_sql(statement)


def remove(engine: Engine) -> None:
    engine.database.execute_sql("ALTER TABLE takenmail DROP COLUMN helo")


def fail(engine: Engine) -> None:
    add(engine)
    raise RuntimeError("tried out")


ADDING = (*STEPS, Step(add))
REMOVING = (*ADDING, Step(remove, oldest=newest(ADDING)))


@pytest.fixture
def fresh(request: pytest.FixtureRequest, database: str) -> Iterator[str]:
    """The URL of a database that may be changed: the server's other one is for all tests."""
    if database == "sqlite":
        yield database
        return
    server: Server = request.getfixturevalue("server")
    server.execute("CREATE DATABASE changed")
    yield server.url("changed")
    server.execute("DROP DATABASE changed WITH (FORCE)")


@pytest.fixture
def engine(tmp_path: Path, fresh: str) -> Iterator[Engine]:
    """The database as another release opens it."""
    made = Sqlite(tmp_path / "data" / "mailflow.db") if fresh == "sqlite" else Postgresql(fresh)
    yield made
    made.database.close()


@pytest.fixture
def world(tmp_path: Path, fresh: str) -> Iterator[World]:
    made = World(tmp_path, database=fresh)
    yield made
    made.close()


def test_a_release_goes_on_beside_what_a_newer_one_adds(world: World, engine: Engine) -> None:
    """While it serves, and begun anew: pages, mails, commands."""
    world.start()
    link = slot_links(world, offered(world))[1]
    assert httpx.get(link, headers=HOST).status_code == 200
    assert migrate(engine, steps=ADDING) == Schema(newest() + 1, 1)
    assert press(link).status_code == 303
    world.boxes.wait("joe@client.test", "booking")
    world.end()
    world.start()
    world.reply(JOE, world.boxes.wait("joe@client.test", "offer"), "Until then!")
    world.reply(DANA, world.boxes.wait("dana@coach.test", "relay", 2), "I look forward to it.")
    world.boxes.wait("joe@client.test", "relay")
    assert len(world.read("bookings")) == 1
    found = [one["detail"] for one in world.read("check") if one["check"] == "database"]
    assert any(f"this one knows schema {newest()}, and goes on" in one for one in found)
    (mood,) = engine.database.execute_sql("SELECT DISTINCT mood FROM message").fetchall()
    assert mood == ("calm",)


def test_a_release_that_is_too_old_says_so_and_changes_nothing(
    world: World, engine: Engine
) -> None:
    assert migrate(engine) == AS_IS
    assert migrate(engine, steps=REMOVING) == Schema(newest() + 2, newest() + 1)
    with pytest.raises(MailflowError, match="of a newer mailflow"):
        migrate(engine)
    assert world.command("serve", code=1) == ""
    told = world.command("check", code=1)
    assert f"this one knows {newest()}): use a newer release here" in " ".join(told.split())
    assert migrate(engine, steps=ADDING) == migrate(engine, steps=REMOVING)


def test_nobody_who_serves_is_left_behind(tmp_path: Path, fresh: str, engine: Engine) -> None:
    """What one that still serves cannot work with waits until that has ended, or was not heard of for a minute."""
    with reopened(tmp_path, fresh) as flow:
        flow.run(be_seen, "mx1", ["worker"])
        for later in (0, 59):
            with pytest.raises(MailflowError, match="still serves at mx1: end it first"):
                migrate(engine, flow.now + timedelta(seconds=later), REMOVING)
        assert migrate(engine, flow.now, ADDING).version == newest(ADDING)
        flow.run(leave)
        now = flow.now
    assert migrate(engine, now, REMOVING).version == newest(REMOVING)


def test_one_that_was_killed_holds_nobody_up(tmp_path: Path, fresh: str, engine: Engine) -> None:
    with reopened(tmp_path, fresh) as flow:
        flow.run(be_seen, "mx1", ["worker"])
        now = flow.now + LOST + timedelta(seconds=1)
    assert migrate(engine, now, REMOVING).version == newest(REMOVING)


def test_each_step_is_taken_once_and_in_order(engine: Engine) -> None:
    taken: list[int] = []
    steps = [*STEPS, *(Step(noting(taken, number)) for number in range(3))]
    assert migrate(engine) == AS_IS
    for release in (steps[:-2], steps[:-2], steps, steps, STEPS):
        migrate(engine, steps=release)
    assert taken == [0, 1, 2]


def test_a_step_that_fails_leaves_all_as_it_was(engine: Engine) -> None:
    migrate(engine)
    with pytest.raises(RuntimeError):
        migrate(engine, steps=(*STEPS, Step(fail)))
    assert migrate(engine) == AS_IS
    with pytest.raises(peewee.DatabaseError):
        engine.database.execute_sql("SELECT mood FROM message")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_copy_would_not_have_what_is_newer(tmp_path: Path, engine: Engine) -> None:
    with reopened(tmp_path, "sqlite") as flow:
        config = flow.config
    migrate(engine, steps=ADDING)
    engine.database.close()
    back = placed(config, tmp_path / "back", "sqlite")
    with pytest.raises(MailflowError, match="FROM is of a newer mailflow"):
        copy_database(config, back, lambda rows: advance)


def noting(taken: list[int], number: int) -> Callable[[Engine], None]:
    return lambda engine: taken.append(number)
