"""The disk is full, fails or is read-only for a while, and the database is locked: nobody is told anything final."""

import errno
import time
from pathlib import Path
from random import Random

from tests.conftest import Count, Figure
from tests.end_to_end.world import eventually
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


def check(world: ForkedWorld, load: Load) -> None:
    books = Books(world.data / "mailflow.db")
    eventually(books.is_quiet)
    assert books.audit(load.taken, load.booked, copies(world.boxes.mails)) == Findings()
    assert load.refusals == []
