"""The power is cut at any moment, under load: what was promised until then was on the disk by then."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tests.conftest import Count, Figure
from tests.end_to_end.world import PATIENCE, eventually
from tests.torture.books import Books, Copy, Findings, copied, copies
from tests.torture.disk import (
    Call,
    Event,
    PowerCut,
    letters_sent,
    needs_compiler,
    read_trace,
    sent,
)
from tests.torture.forking import ForkedWorld
from tests.torture.load import BUSY, Load
from tests.torture.test_kills import LATER


@dataclass(slots=True)
class Promises:
    """What the world had been told when the power went."""

    taken: list[str] = field(default_factory=list)
    booked: list[str] = field(default_factory=list)
    letters: list[Copy] = field(default_factory=list)


@needs_compiler
def test_power_cuts_lose_nothing_and_leave_nothing_half_made(
    tmp_path: Path, count: Count, figure: Figure
) -> None:
    world, load = lived(tmp_path / "live", bookings=count(2, 20))
    events, cuts, chance = read_trace(world.disk.trace), count(5, 500), Random(5)
    moments = [n for n, event in enumerate(events) if event.call is Call.SEND]
    after = ForkedWorld(tmp_path / "after", BUSY)
    taken = booked = lost_by_a_liar = 0
    try:
        for number in range(cuts):
            until = events[: chance.choice(moments) + 1]
            told = promises(until, world, load)
            taken, booked = taken + len(told.taken), booked + len(told.booked)
            restore(PowerCut(until), after.data, chance if number % 2 else None)
            assert outcome(after, told) == Findings()
            # A disk that does not do what it says, as `synchronous=NORMAL` would not: it must be seen.
            restore(PowerCut(until, lying=("-wal",)), after.data)
            lost_by_a_liar += len(copied(after.data, tmp_path / "copy").lost(told.taken))
    finally:
        after.close()
    assert lost_by_a_liar
    figure(f"lost of {taken} mails answered 250, over {cuts} power cuts", 0)
    figure(f"doubled or half made of {booked} bookings, over {cuts} power cuts", 0)
    figure("lost of the same on a disk that does not sync the log", lost_by_a_liar)


def lived(folder: Path, bookings: int) -> tuple[ForkedWorld, Load]:
    """A mailflow that has served for a while, from its first day, with a trace of it."""
    world = ForkedWorld(folder, BUSY, traced=True)
    try:
        with Load(world) as load:
            world.start()
            eventually(lambda: len(load.booked) >= bookings, PATIENCE * bookings)
            world.end(signal.SIGKILL)
    finally:
        world.close()
    return world, load


def promises(events: Sequence[Event], world: ForkedWorld, load: Load) -> Promises:
    """What these calls told the world."""
    told = Promises()
    for (ours, theirs), stream in sent(events).items():
        if ours == world.smtp:
            told.taken += load.attempted[theirs][: stream.count(b"250 2.0.0 taken")]
        elif ours == world.http and stream.startswith(b"HTTP/1.1 303"):
            told.booked += load.attempted[theirs]
        elif theirs == world.boxes.port:
            told.letters += letters_sent(stream)
    return told


def restore(cut: PowerCut, data: Path, chance: Random | None = None) -> None:
    for name in ("mailflow.db", "mailflow.db-wal", "mailflow.db-shm"):
        (data / name).unlink(missing_ok=True)
    cut.leave(data, chance)


def outcome(world: ForkedWorld, told: Promises) -> Findings:
    """What is wrong after mailflow has started on what the cut left, and has done its work."""
    in_flight = copied(world.data, world.folder / "copy").in_flight()
    world.boxes.mails.clear()
    world.start(MAILFLOW_NOW=(datetime.now(UTC) + LATER).isoformat())
    books = Books(world.data / "mailflow.db")
    eventually(books.is_quiet)
    arrived = copies(world.boxes.mails)
    findings = books.audit(told.taken, told.booked, [*told.letters, *arrived])
    again = set(arrived) & set(told.letters) - set(in_flight)
    findings.doubled += [f"again {copy}" for copy in again]
    world.end(signal.SIGKILL)
    return findings
