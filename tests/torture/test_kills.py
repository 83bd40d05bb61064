"""mailflow is killed (-9) again and again, under load: what it promised is there, once and whole."""

import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests.conftest import Count, Figure
from tests.end_to_end.world import PATIENCE, eventually
from tests.torture.books import Books, Copy, Findings, copied, copies, repeated
from tests.torture.disk import ANY, Call, needs_compiler
from tests.torture.forking import ForkedWorld
from tests.torture.load import BUSY, Load

AIMS = (Call.WRITE, Call.SYNC, Call.SEND, ANY, None)
"""At which calls the process is killed; None: at a moment of chance."""

LATER = timedelta(minutes=20)
"""After which everything is due that waits for another try."""


@needs_compiler
def test_kills_lose_nothing_and_leave_nothing_half_made(
    tmp_path: Path, count: Count, figure: Figure
) -> None:
    world, kills, chance = ForkedWorld(tmp_path, BUSY), count(5, 500), Random(5)
    in_flight: set[Copy] = set()

    def look() -> None:
        """Whatever ends it may have been sending something."""
        in_flight.update(copied(world.data, tmp_path / "copy").in_flight())

    try:
        with Load(world) as load:
            world.start()
            eventually(lambda: load.booked)
            for number in range(kills):
                aim = AIMS[number % len(AIMS)]
                await_death(world, chance, aim)
                look()
                if aim is not None and chance.random() < 0.2:
                    die_at_start(world, chance, aim)
                    look()
                world.disk.mend()
                world.start()
        world.end(signal.SIGKILL)
        look()
        world.start(MAILFLOW_NOW=(datetime.now(UTC) + LATER).isoformat())
        books = Books(world.data / "mailflow.db")
        eventually(books.is_quiet, PATIENCE + kills)  # the more of them, the more is left to do
        assert books.audit(load.taken, load.booked, copies(world.boxes.mails)) == Findings()
        assert repeated(world.boxes.mails, in_flight) == []
        assert load.refusals == []
    finally:
        world.close()
    again = len(world.boxes.mails) - len(set(copies(world.boxes.mails)))
    figure(f"lost of {len(load.taken)} mails answered 250, over {kills} kills", 0)
    figure(f"doubled or half made of {len(load.booked)} bookings, over {kills} kills", 0)
    figure(
        f"mails parked, as three kills in a row met them, over {kills} kills", len(books.parked())
    )
    figure(f"copies sent again, all in flight at a kill, of {len(world.boxes.mails)}", again)


@needs_compiler
def test_a_build_that_answers_before_it_keeps_is_found_out(tmp_path: Path) -> None:
    """What shows that no loss is no blindness."""
    world = ForkedWorld(tmp_path, BUSY, module="tests.torture.reply_first")
    try:
        world.start()
        world.disk.kill(Call.WRITE, 20)
        with Load(world) as load:
            assert world.has_ended(within=PATIENCE)
        assert copied(world.data, tmp_path / "copy").lost(load.taken)
    finally:
        world.close()


def await_death(world: ForkedWorld, chance: Random, aim: Call | None) -> None:
    """Let it serve until the kill; where the aim is missed, for some seconds."""
    if aim is None:
        time.sleep(chance.uniform(0, 1))
    else:
        world.disk.kill(aim, chance.randrange(300))
        world.has_ended(within=3)
    assert world.end(signal.SIGKILL) == -signal.SIGKILL


def die_at_start(world: ForkedWorld, chance: Random, aim: Call) -> None:
    """Start it, and have it killed meanwhile: it may be sending already."""
    world.disk.kill(aim, chance.randrange(20))
    try:
        world.start()
    except AssertionError:
        assert world.end() == -signal.SIGKILL
    else:
        world.end(signal.SIGKILL)
