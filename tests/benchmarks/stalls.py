"""How long the event loop stands still, at the longest, while big mails and hostile ones come in and are worked on."""

import smtplib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Self

from tests.benchmarks.programs import PATIENCE, Flood
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.end_to_end.world import World, eventually
from tests.hostile_mails import hostile_mails

OURS = "dana@flow.test"
BIG = Flood(6, 2, OURS, 24_900_000)


class Watched:
    """A mailflow with a watch in its event loop; without a configuration, a loop that does nothing else."""

    def __init__(self, journal: IO[bytes], *config: Path) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.watched", *map(str, config)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=journal, text=True
        )

    def __enter__(self) -> Self:
        self.smtp = int(self._says())
        return self

    def __exit__(self, *trouble: object) -> None:
        self._process.kill()
        self._process.communicate()

    def longest(self) -> float:
        """The longest stall since this was asked last, in milliseconds."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._says()) * 1000

    def _says(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """A mailflow that is watched, and beside it the floor: what stalls a bare loop is the machine."""
    with ExitStack() as stack:
        world = World(folder)
        stack.callback(world.close)
        journal = stack.enter_context((folder / "journal").open("wb"))
        bare = stack.enter_context(Watched(journal))
        watched = stack.enter_context(Watched(journal, world.config))
        yield {
            "ms": partial(_longest_stall, watched, folder / "data" / "mailflow.db"),
            "bare ms": bare.longest,
        }


def _longest_stall(watched: Watched, database: Path) -> float:
    """From the first mail until all are done with."""
    watched.longest()
    with ThreadPoolExecutor(1) as pool:
        big = pool.submit(BIG.send, watched.smtp)
        for raw in hostile_mails().values():
            _offer(watched.smtp, raw)
        big.result()
    eventually(partial(_is_settled, database), PATIENCE)
    return watched.longest()


def _offer(port: int, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client, suppress(smtplib.SMTPResponseException):
        client.sendmail("joe@client.test", [OURS], raw)


def _is_settled(database: Path) -> bool:
    """Whether no mail waits any more."""
    waiting = "select count(*) from takenmail where state = 'taken'"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (number,) = connection.execute(waiting).fetchone()
    return bool(number == 0)


BENCHMARK = Benchmark(
    "stalls",
    opened,
    [
        Figure("longest stall of the event loop among big and hostile mails: ms", "ms", at_most=10),
        Figure("the same of a bare loop beside it: ms", "bare ms"),
    ],
    rounds=3,
)
