"""One database into another: all of it, or nothing, and never beside somebody who writes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mailflow.config import Config
from mailflow.errors import MailflowError
from mailflow.store import Unit, copy_database
from mailflow.store.tables import BusyTime, Participant
from tests.cli.conftest import live
from tests.flow import Flow
from tests.postgresql import Server


@contextmanager
def reopened(folder: Path, database: str) -> Iterator[Flow]:
    flow = Flow(folder, database=database)
    try:
        yield flow
    finally:
        flow.close()


def placed(config: Config, folder: Path, url: str) -> Config:
    """The configuration with its database elsewhere."""
    return replace(
        config,
        mailflow=replace(config.mailflow, data_dir=folder),
        database=replace(config.database, url=url),
    )


def advance(_: int) -> None:
    """Nobody looks."""


@pytest.fixture
def places(tmp_path: Path, server: Server) -> tuple[Config, Config, Config]:
    """A file with a past, an empty server, and a file that is not there yet."""
    live(tmp_path)
    with reopened(tmp_path, "sqlite") as flow:
        config = flow.config
    return (
        config,
        placed(config, tmp_path, server.emptied()),
        placed(config, tmp_path / "back", "sqlite"),
    )


def test_there_and_back_all_is_the_same(places: tuple[Config, Config, Config]) -> None:
    file, server, back = places
    whole: list[int] = []
    steps: list[int] = []

    def begin(rows: int) -> Callable[[int], object]:
        whole.append(rows)
        return steps.append

    there = copy_database(file, server, begin)
    assert whole == [sum(steps)] == [2 * sum(table.rows for table in there)]
    assert {table.table for table in there if table.rows} >= {"booking", "blob", "delivery"}
    assert copy_database(server, back, lambda _: advance) == there


def test_new_rows_are_numbered_after_the_old_ones(
    places: tuple[Config, Config, Config], tmp_path: Path
) -> None:
    file, server, _ = places
    copy_database(file, server, lambda _: advance)

    def number(unit: Unit) -> tuple[int, int]:
        highest = unit.db.all(Participant)[-1]
        return highest.id, unit.db.insert(replace(highest, id=0, address_key="another")).id

    with reopened(tmp_path, server.database.url) as flow:
        before, new = flow.run(number)
        assert new == before + 1
        first = BusyTime(0, "the first of its table", flow.now, flow.now)
        assert flow.run(lambda unit: unit.db.insert(first)).id == 1


def test_what_is_interrupted_leaves_nothing(places: tuple[Config, Config, Config]) -> None:
    file, server, _ = places

    class Stopped(Exception):
        """As Ctrl-C."""

    def stop(number: int) -> None:
        raise Stopped

    with suppress(Stopped):
        copy_database(file, server, lambda _: stop)
    assert sum(table.rows for table in copy_database(file, server, lambda _: advance)) > 0


def test_a_target_that_has_anything_is_refused(places: tuple[Config, Config, Config]) -> None:
    file, server, _ = places
    copy_database(file, server, lambda _: advance)
    with pytest.raises(MailflowError, match="TO is not empty"):
        copy_database(file, server, lambda _: advance)


def test_nobody_may_use_either(places: tuple[Config, Config, Config], tmp_path: Path) -> None:
    file, server, _ = places
    with reopened(tmp_path, "sqlite"), pytest.raises(MailflowError, match="FROM is in use"):
        copy_database(file, server, lambda _: advance)
    with (
        reopened(tmp_path, server.database.url),
        pytest.raises(MailflowError, match="TO is in use"),
    ):
        copy_database(file, server, lambda _: advance)


def test_what_is_not_there_is_not_copied(places: tuple[Config, Config, Config]) -> None:
    _, server, back = places
    with pytest.raises(MailflowError, match="does not exist yet"):
        copy_database(back, server, lambda _: advance)
