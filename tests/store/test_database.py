"""The one writer: group commit, failures alone and together, restarts."""

import asyncio
import io
import json
from collections.abc import Sequence
from pathlib import Path

import peewee

from mailflow.errors import MailflowError
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


async def test_calls_of_the_same_work_that_wait_together_are_one(flow: Flow) -> None:
    asked: list[int] = []

    def note_all(unit: Unit, noted: Sequence[str]) -> list[str]:
        asked.append(len(noted))
        unit.db.insert_all([KnownId(0, "dana", name, "c") for name in noted])
        return [f"{name} noted" for name in noted]

    together = asyncio.gather(
        flow.store.run_joined(note_all, "one"),
        flow.store.run(note, "alone"),
        flow.store.run_joined(note_all, "two"),
    )
    await asyncio.sleep(0)
    flow.store.start()
    first, _, second = await together
    assert (first, second, asked) == ("one noted", "two noted", [2])
    assert sorted(await flow.store.read(names)) == ["alone", "one", "two"]


async def test_what_takes_up_rows_finds_those_that_wait_with_it(flow: Flow) -> None:
    together = asyncio.gather(
        flow.store.claim(names),
        flow.store.run(note, "one"),
    )
    await asyncio.sleep(0)
    flow.store.start()
    assert (await together)[0] == ["one"]


async def test_of_calls_that_were_one_each_fails_alone(flow: Flow, journal: io.StringIO) -> None:
    def note_all(unit: Unit, noted: Sequence[str]) -> list[None]:
        for name in noted:
            note(unit, name)
            unit.tell("noted", name=name)
            if name == "bad":
                raise MailflowError("no")
        return [None] * len(noted)

    asked = ("one", "bad", "two")
    together = asyncio.gather(
        *(flow.store.run_joined(note_all, name) for name in asked), return_exceptions=True
    )
    await asyncio.sleep(0)
    flow.store.start()
    results = await together
    assert [type(result) for result in results] == [type(None), MailflowError, type(None)]
    assert await flow.store.read(names) == ["one", "two"]
    flow.store.close()
    assert [json.loads(line)["name"] for line in journal.getvalue().splitlines()] == ["one", "two"]


async def test_the_journal_is_told_of_what_is_on_disk_alone(
    flow: Flow, journal: io.StringIO
) -> None:
    def fail(unit: Unit) -> None:
        unit.tell("half.done")
        raise MailflowError("no")

    def succeed(unit: Unit) -> None:
        unit.tell("all.done", number=7)
        assert journal.getvalue() == ""

    flow.store.start()
    await asyncio.gather(flow.store.run(fail), flow.store.run(succeed), return_exceptions=True)
    flow.store.close()
    (line,) = map(json.loads, journal.getvalue().splitlines())
    assert (line["event"], line["number"]) == ("all.done", 7)


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


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path, database: str) -> None:
    flow = Flow(tmp_path, database=database)
    flow.run(note, "kept")
    flow.close()
    again = Flow(tmp_path, database=database)
    assert again.run(names) == ["kept"]
    again.close()
