"""The disk is full, fails or is read-only for a while, and the database is locked: nobody is told anything final."""

import errno
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.conftest import Count, Figure
from tests.end_to_end.world import PATIENCE, eventually
from tests.torture.books import Books, Findings, copies
from tests.torture.disk import Call, needs_compiler
from tests.torture.forking import ForkedWorld
from tests.torture.load import BUSY, Load


@needs_compiler
def test_a_disk_that_fails_again_and_again(tmp_path: Path, count: Count, figure: Figure) -> None:
    """Full, failing, read-only: for some calls now and then, and each for a second on end."""
    world, bursts, chance = ForkedWorld(tmp_path, BUSY), count(15, 300), Random(5)
    try:
        with Load(world) as load:
            world.start()
            eventually(lambda: load.taken)
            for error in (errno.ENOSPC, errno.EIO, errno.EROFS):
                for _ in range(bursts):
                    after, times = chance.randrange(150), chance.randrange(1, 30)
                    world.disk.fail(Call.WRITE, error, after=after, times=times)
                    time.sleep(0.1)
                world.disk.fail(Call.WRITE, error)
                time.sleep(1)
                world.disk.mend()
            eventually(lambda: load.booked)
        check(world, load)
        assert world.end() == 0
    finally:
        world.close()
    figure(f"refused for good, or lost, of {len(load.taken)} mails while the disk failed", 0)


@needs_compiler
def test_a_sync_that_fails_ends_mailflow_and_a_start_goes_on(
    tmp_path: Path, count: Count, figure: Figure
) -> None:
    world, failures, chance = ForkedWorld(tmp_path, BUSY), count(3, 100), Random(5)
    try:
        with Load(world) as load:
            world.start()
            eventually(lambda: load.taken)
            for _ in range(failures):
                world.disk.fail(Call.SYNC, errno.EIO, after=chance.randrange(20), times=1)
                assert world.has_ended(within=PATIENCE)
                assert world.end() == 1
                world.disk.mend()
                world.start()
        check(world, load)
    finally:
        world.close()
    told = [line for line in world.errors if not line.startswith("{")]
    assert told == [f"the disk failed: {world.data}/mailflow.db could not be synced"] * failures
    figure(f"refused for good, or lost, of {len(load.taken)} mails, {failures} syncs failing", 0)


@needs_compiler
def test_a_database_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    world = ForkedWorld(tmp_path)
    try:
        world.start()
        assert world.end() == 0
        for calls, error in ((Call.OPEN, errno.EACCES), (Call.WRITE, errno.EROFS)):
            world.disk.fail(calls, error)
            with pytest.raises(AssertionError, match="ended 1"):
                world.start()
            world.disk.mend()
    finally:
        world.close()
    shut, failing = [line for line in world.errors if not line.startswith("{")]
    assert "see that the user mailflow runs as owns" in shut
    assert failing == "the database cannot be used: disk I/O error"


def test_writers_of_other_processes_are_waited_for(
    tmp_path: Path, count: Count, figure: Figure
) -> None:
    """Eight of them, each with short transactions; then one that keeps the database for too long."""
    world = ForkedWorld(tmp_path, BUSY)
    try:
        with Load(world) as load:
            world.start()
            eventually(lambda: load.taken)
            writers = [
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, str(world.data / "mailflow.db"), str(seconds)]
                )
                for seconds in [count(3, 60)] * 8
            ]
            assert [writer.wait() for writer in writers] == [0] * 8
            assert not any("OperationalError" in line for line in world.errors)
            with closing(sqlite3.connect(world.data / "mailflow.db")) as other:
                other.execute("BEGIN IMMEDIATE")
                eventually(lambda: any("Locked" in line for line in world.errors))
                other.rollback()
            before = len(load.taken)
            eventually(lambda: len(load.taken) > before)
        check(world, load)
    finally:
        world.close()
    figure(f"errors of {len(load.taken)} mails beside eight other writers", 0)


WRITER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO notified (recipient, at, gist, waiting) VALUES ('', 0, '', 0)")
    time.sleep(0.005)
    database.execute("COMMIT")
"""


def check(world: ForkedWorld, load: Load) -> None:
    books = Books(world.data / "mailflow.db")
    eventually(books.is_quiet)
    assert books.audit(load.taken, load.booked, copies(world.boxes.mails)) == Findings()
    assert load.refusals == []
