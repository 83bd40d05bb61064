"""A disk that fills up under a serving mailflow: nothing promised is lost, and it goes on when there is room."""

import json
import smtplib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from mailflow.store.room import FILE
from tests.conftest import Count, Figure
from tests.end_to_end.world import PATIENCE, World, eventually
from tests.small_disk import SMALL, fill, free
from tests.torture.books import Books, Findings, copies
from tests.torture.load import BUSY, Load

NONE, TOO_LITTLE = 0, SMALL // 20 - 100_000
"""Octets that are left: none at all, and too few for more mail but enough for what is under way."""

FULL = (452, b"4.3.1 no room for more mail, try again later")


@pytest.fixture
def world(tmp_path: Path, small_disk: Path) -> Iterator[World]:
    made = World(small_disk, BUSY)
    try:
        with (tmp_path / "journal").open("wb") as made.stderr:
            made.start()
        yield made
    finally:
        made.close()


def test_a_disk_that_fills_up_under_load(
    tmp_path: Path, small_disk: Path, world: World, count: Count, figure: Figure
) -> None:
    rounds = count(1, 10)
    database, reserve = small_disk / "data" / "mailflow.db", small_disk / "data" / FILE
    books, filler = Books(database), small_disk / "filler"
    with Load(world) as load:
        for _ in range(rounds):
            eventually(reserve.exists)
            while reserve.exists():
                filler.unlink(missing_ok=True)
                eventually(lambda: give_log_back(database))
                eventually(more(load.taken))
                fill(small_disk, NONE)
                # What is under way may find room enough in the log: then there was no need of any.
                eventually(lambda: not reserve.exists() or books.is_quiet())
            # The name goes first, and then the room.
            eventually(lambda: free(small_disk) > TOO_LITTLE)
            eventually(lambda: fill(small_disk, TOO_LITTLE) and answer_to_mail(world) == FULL)
            # People go on to book what was offered: mail alone is refused.
            eventually(partial(books.is_quiet, datetime.now(UTC)))
            assert answer_to_mail(world) == FULL
            filler.unlink()
            eventually(more(load.booked))
    eventually(books.is_quiet)
    assert books.audit(load.taken, load.booked, copies(world.boxes.mails)) == Findings()
    assert load.refusals == []
    assert world.end() == 0
    journal = (tmp_path / "journal").read_text().splitlines()
    told = [json.loads(line)["event"] for line in journal]
    assert told.count("reserve.made") == told.count("reserve.given_up") + 1 > rounds
    figure(f"refused for good, or lost, of {len(load.taken)} mails while the disk was full", 0)


def give_log_back(database: Path) -> bool:
    """Whether the log could be cut to nothing: it keeps the room that it once had."""
    with closing(sqlite3.connect(database)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def more(things: list[str]) -> Callable[[], bool]:
    """Whether there are more by now."""
    before = len(things)
    return lambda: len(things) > before


def answer_to_mail(world: World) -> tuple[int, bytes]:
    with smtplib.SMTP("127.0.0.1", world.smtp, timeout=PATIENCE) as client:
        client.ehlo("client.test")
        return client.mail("someone@client.test")
