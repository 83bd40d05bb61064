"""A disk that fills up under a serving mailflow: nothing promised is lost, and it goes on when there is room."""

import json
import smtplib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailflow.store.room import FILE
from tests.conftest import Count, Figure
from tests.end_to_end.world import PATIENCE, World, eventually
from tests.small_disk import SMALL, fill
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
    books, rounds = Books(small_disk / "data" / "mailflow.db"), count(1, 10)
    reserve = small_disk / "data" / FILE
    with Load(world) as load:
        for _ in range(rounds):
            eventually(reserve.exists)
            eventually(more(load.taken))
            fill(small_disk, NONE)
            eventually(lambda: not reserve.exists())
            eventually(lambda: fill(small_disk, TOO_LITTLE) and answer_to_mail(world) == FULL)
            eventually(books.is_quiet)
            assert answer_to_mail(world) == FULL
            (small_disk / "filler").unlink()
            eventually(more(load.booked))
    eventually(books.is_quiet)
    assert books.audit(load.taken, load.booked, copies(world.boxes.mails)) == Findings()
    assert load.refusals == []
    assert world.end() == 0
    journal = (tmp_path / "journal").read_text().splitlines()
    told = [json.loads(line)["event"] for line in journal]
    assert told.count("reserve.made") == told.count("reserve.given_up") + 1 > rounds
    figure(f"refused for good, or lost, of {len(load.taken)} mails while the disk was full", 0)


def more(things: list[str]) -> Callable[[], bool]:
    """Whether there are more by now."""
    before = len(things)
    return lambda: len(things) > before


def answer_to_mail(world: World) -> tuple[int, bytes]:
    with smtplib.SMTP("127.0.0.1", world.smtp, timeout=PATIENCE) as client:
        client.ehlo("client.test")
        return client.mail("someone@client.test")
