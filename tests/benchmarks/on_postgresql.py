"""PostgreSQL: mails taken, against SQLite; and how fast several workers claim what is to be sent."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter

from mailflow.mail.addresses import Person
from mailflow.post import outbox
from mailflow.post.copies import Copy, queue_copies
from mailflow.store import Store, open_store
from mailflow.store.unit import Unit
from tests.benchmarks.programs import Flood
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.end_to_end.world import World
from tests.flow import Flow
from tests.postgresql import DURABLE, running

FLOOD = Flood(2_000, 10, "dana@flow.test")
COPIES = 4_000
WORKERS = 4
AT_ONCE = 100


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """A mailflow on each kind of database, and workers that share one of PostgreSQL."""
    with ExitStack() as stack:
        server = stack.enter_context(running(DURABLE))
        for name in ("taking", "claims"):
            server.execute(f"CREATE DATABASE {name}")
            (folder / name).mkdir()
        (folder / "sqlite").mkdir()
        worlds = [
            World(folder / "taking", database=server.url("taking"), roles="listener"),
            World(folder / "sqlite", roles="listener"),
        ]
        for world in worlds:
            stack.callback(world.close)
            world.stderr = stack.enter_context((world.folder / "journal").open("wb"))
            world.start()
        flow = stack.enter_context(closing(Flow(folder / "claims", database=server.url("claims"))))
        workers = [_worker(flow, number) for number in range(WORKERS)]
        for worker in workers:
            stack.callback(worker.close)
        yield {
            "PostgreSQL": partial(FLOOD.per_second, worlds[0].smtp),
            "SQLite": partial(FLOOD.per_second, worlds[1].smtp),
            "claims": partial(_claims_per_second, flow, workers),
        }


def _worker(flow: Flow, number: int) -> Store:
    store = open_store(replace(flow.house, node=f"worker-{number}"))
    store.start()
    return store


def _claims_per_second(flow: Flow, workers: list[Store]) -> float:
    """Copies that all workers together claim in a second; raises AssertionError if one was claimed twice."""
    flow.run(_queue)
    began = perf_counter()
    with ThreadPoolExecutor(WORKERS) as threads:
        all_claimed = threads.map(lambda worker: asyncio.run(_claim_all(worker)), workers)
        claimed = [number for numbers in all_claimed for number in numbers]
    spent = perf_counter() - began
    assert len(claimed) == len(set(claimed)) == COPIES
    return COPIES / spent


def _queue(unit: Unit) -> None:
    copies = [
        Copy(Person("", f"{number}@client.test"), b"\r\nHello.\r\n") for number in range(COPIES)
    ]
    queue_copies(
        unit,
        [("Subject", "Hello"), ("Kind", "x")],
        copies,
        subject="Hello",
        message_id="a@flow.test",
    )


async def _claim_all(store: Store) -> list[int]:
    numbers: list[int] = []
    while letters := await store.claim(outbox.claim, AT_ONCE):
        numbers += [letter.id for letter in letters]
    return numbers


BENCHMARK = Benchmark(
    "postgresql",
    opened,
    [
        Figure("mails a second on PostgreSQL, against SQLite", "PostgreSQL", "SQLite", 0.5),
        Figure("copies claimed in a second by 4 workers, none twice", "claims", at_least=10_000),
    ],
)
