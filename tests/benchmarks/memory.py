"""How much memory a serving mailflow has."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.end_to_end.world import World

MEGABYTE = 1024 * 1024


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """A mailflow at rest, with all of its processes."""
    world = World(folder)
    with (folder / "journal").open("wb") as world.stderr:
        try:
            world.start()
            yield {"at rest": lambda: sum(map(resident, family(world.pid))) / MEGABYTE}
        finally:
            world.close()


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
    "memory", opened, [Figure("memory of `serve` at rest: MB", "at rest", at_most=100)]
)
