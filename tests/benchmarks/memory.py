"""How much memory a serving mailflow has."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mailflow.store import database_path
from tests.benchmarks.filling import fill
from tests.benchmarks.programs import Flood
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.end_to_end.world import World
from tests.flow import Flow

MEGABYTE = 1024 * 1024


MESSAGES = 1_000_000
LOAD = Flood(3_000, 10, "dana@flow.test")

EVERY = 0.1
"""Seconds between two looks."""


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """A mailflow at rest, with all of its processes; and one with a long past, to which many write at once."""
    folders = [folder / name for name in ("new", "old")]
    for one in folders:
        one.mkdir()
    new, old = worlds = [World(one) for one in folders]
    with ExitStack() as stack:
        for world in worlds:
            stack.callback(world.close)
            world.stderr = stack.enter_context((world.folder / "journal").open("wb"))
        _fill(folder / "past", old)
        for world in worlds:
            world.start()
        yield {"at rest": lambda: megabytes(new.pid), "under load": lambda: _most(old)}


def _fill(folder: Path, world: World) -> None:
    folder.mkdir()
    flow = Flow(folder)
    fill(flow, MESSAGES)
    flow.close()
    database_path(flow.config).rename(world.folder / "data" / "mailflow.db")


def _most(world: World) -> float:
    """The most that it has at any time until it has taken all mails of the load."""
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(LOAD.send, world.smtp)
        most = 0.0
        while not sent.done():
            most = max(most, megabytes(world.pid))
            time.sleep(EVERY)
        sent.result()
    return most


def megabytes(pid: int) -> float:
    """Memory of a process and of all that it started."""
    return sum(map(resident, family(pid))) / MEGABYTE


def family(pid: int) -> Iterator[int]:
    """A process and all that it started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def resident(pid: int) -> int:
    """Octets of memory that are a process's own, and its share of what it has in common with others."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


BENCHMARK = Benchmark(
    "memory",
    opened,
    [
        Figure("memory of `serve` at rest: MB", "at rest", at_most=100),
        Figure("… with 1,000,000 messages stored, while mail floods in", "under load", at_most=250),
    ],
)
