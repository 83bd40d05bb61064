"""The whole way: in, taken, read, placed, stored, and out to an smtp-sink; against Postfix relaying the same mails."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from tests.benchmarks.programs import Flood, Sink
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.end_to_end.world import World
from tests.torture.listener import postfix

MAILS = 500
ALONE = 40
BURSTS = 100
OURS = "dana@flow.test"
POSTFIXS = "dana@flow.example.com"


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """A mailflow whose mails each begin a conversation, of which the host gets a copy, and a Postfix."""
    with ExitStack() as stack:
        world = World(folder)
        stack.callback(world.close)
        world.stderr = stack.enter_context((folder / "journal").open("wb"))
        world.boxes.close()  # an smtp-sink in their place
        stack.callback(world.boxes.open)
        ours = stack.enter_context(Sink(world.boxes.port))
        world.start()
        theirs = stack.enter_context(Sink(postfix.free_port()))
        relay = stack.enter_context(postfix.before("smtp", theirs.port))
        yield {
            "whole way": partial(_per_second, Flood(MAILS, 10, OURS), world.smtp, ours),
            "Postfix": partial(_per_second, Flood(MAILS, 10, POSTFIXS), relay.port, theirs),
            "p50 ms": partial(_latency, OURS, world.smtp, ours),
            "Postfix p50 ms": partial(_latency, POSTFIXS, relay.port, theirs),
            "p99 ms": partial(_last_of_many, OURS, world.smtp, ours),
        }


def _per_second(flood: Flood, port: int, sink: Sink) -> float:
    began = perf_counter()
    expected = sink.mails + flood.mails
    flood.send(port)
    sink.wait_for(expected)
    return flood.mails / (perf_counter() - began)


def _latency(to: str, port: int, sink: Sink) -> float:
    """The median of the milliseconds that one mail takes from its client to the sink, with no other under way."""
    return median(1000 / _per_second(Flood(1, 1, to), port, sink) for _ in range(ALONE))


def _last_of_many(to: str, port: int, sink: Sink) -> float:
    """The 99th percentile of the milliseconds that the last of ten takes which come over ten connections at once.

    So no mail waits for more than nine others: without that, a flood that is taken faster than it is worked on shows
    how long the flood is.
    """
    ten = Flood(10, 10, to)
    taken = (10_000 / _per_second(ten, port, sink) for _ in range(BURSTS))
    return quantiles(taken, n=100, method="inclusive")[-1]


BENCHMARK = Benchmark(
    "relaying",
    opened,
    [
        Figure("mails a second, the whole way, against Postfix", "whole way", "Postfix", 1.5),
        Figure("latency alone, p50, against Postfix: ms", "p50 ms", "Postfix p50 ms", at_most=1),
        Figure("… of ten at once, p99: ms", "p99 ms", at_most=100),
    ],
)
