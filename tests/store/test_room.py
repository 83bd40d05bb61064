"""A disk with little room: what is still taken in, and what can still be done."""

import io
import json
from contextlib import closing
from pathlib import Path
from random import Random

import peewee as pw
import pytest

from mailflow.conversations.taking import take
from mailflow.mail.envelope import Envelope
from mailflow.store.room import (
    FILE,
    RESERVE,
    STALE,
    has_room,
    keep_reserve,
    release_reserve,
    seen_to,
)
from mailflow.store.tables import Blob, TakenMail
from mailflow.store.unit import Unit
from tests.flow import Flow
from tests.small_disk import SMALL, fill

BIG = b"Subject: big\r\n\r\n" + Random(5).randbytes(1_000_000)
"""A mail that nothing makes smaller."""


def test_the_reserve_takes_room_and_gives_it_back(tmp_path: Path) -> None:
    keep_reserve(tmp_path)
    keep_reserve(tmp_path)
    assert (tmp_path / FILE).stat().st_blocks * 512 >= RESERVE
    assert release_reserve(tmp_path)
    assert not release_reserve(tmp_path)


def test_the_journal_tells_when_it_is_given_up_and_made(
    tmp_path: Path, journal: io.StringIO
) -> None:
    for _ in range(2):
        keep_reserve(tmp_path)
    for _ in range(2):
        release_reserve(tmp_path)
    told = [json.loads(line) for line in journal.getvalue().splitlines()]
    assert [(line["level"], line["event"], line["octets"]) for line in told] == [
        ("info", "reserve.made", RESERVE),
        ("warning", "reserve.given_up", RESERVE),
    ]


def test_a_disk_that_is_nearly_full_has_no_room_and_gets_no_reserve(small_disk: Path) -> None:
    assert has_room(small_disk)
    filler = fill(small_disk, SMALL // 20 - 100_000)
    assert not has_room(small_disk)
    keep_reserve(small_disk)
    assert not (small_disk / FILE).exists()
    filler.unlink()
    assert has_room(small_disk)


def test_the_disk_is_looked_at_now_and_then(small_disk: Path) -> None:
    times = [0.0]
    look = seen_to(small_disk, lambda: times[-1])
    assert look()
    release_reserve(small_disk)
    filler = fill(small_disk, SMALL // 20 - 100_000)
    times.append(STALE * 0.9)
    assert look()
    times.append(STALE * 1.1)
    assert not look()
    filler.unlink()
    times.append(STALE * 2.2)
    assert look()
    assert (small_disk / FILE).exists()


@pytest.mark.parametrize("megabytes", [8, 17])
def test_a_reserve_that_would_leave_no_room_for_mail_is_not_made(
    small_disk: Path, megabytes: int
) -> None:
    filler = fill(small_disk, megabytes * 1024**2)
    keep_reserve(small_disk)
    assert has_room(small_disk)
    assert not (small_disk / FILE).exists()
    filler.unlink()
    keep_reserve(small_disk)
    assert (small_disk / FILE).exists()


def test_what_finds_the_disk_full_is_done_from_the_reserve(small_disk: Path) -> None:
    with closing(Flow(small_disk)) as flow:
        data = flow.config.mailflow.data_dir
        keep_reserve(data)
        fill(small_disk, 100_000)
        flow.run(take, [Envelope("a@b.test", ("dana@flow.test",), "127.0.0.1", "b.test", BIG)])
        assert not (data / FILE).exists()
        assert flow.run(lambda unit: len(unit.db.all(TakenMail))) == 1
        flow.run(lambda unit: unit.db.delete(Blob))


def test_without_a_reserve_a_full_disk_is_said(tmp_path: Path) -> None:
    """And nothing of it is kept."""

    def fill_up(unit: Unit) -> None:
        unit.db.insert(Blob("a", BIG))

    with closing(Flow(tmp_path)) as flow:
        flow.run(lambda unit: unit.db._database.execute_sql("PRAGMA max_page_count = 300"))
        with pytest.raises(pw.OperationalError, match="full"):
            flow.run(fill_up)
        assert flow.run(lambda unit: unit.db.find(Blob, digest="a")) is None
