"""Mails taken: on the disk, then 250; against an aiosmtpd that forgets them, and Postfix into its queue."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.programs import Flood, bare_aiosmtpd, cpu_seconds
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.end_to_end.world import World
from tests.torture.listener import postfix

MAILS = 2_000
OURS = "dana@flow.test"
POSTFIXS = "dana@flow.example.com"
INTO_ITS_QUEUE = "defer_transports = smtp"

FEW = Flood(MAILS, 10, OURS)
MANY = Flood(MAILS, 50, OURS)
FEW_TO_POSTFIX = Flood(MAILS, 10, POSTFIXS)
MANY_TO_POSTFIX = Flood(MAILS, 50, POSTFIXS)


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """A mailflow that takes mail alone, and the two others."""
    with ExitStack() as stack:
        world = World(folder, roles="listener")
        stack.callback(world.close)
        world.stderr = stack.enter_context((folder / "journal").open("wb"))
        world.start()
        bare, port = stack.enter_context(bare_aiosmtpd())
        relay = stack.enter_context(postfix.before("smtp", postfix.free_port(), INTO_ITS_QUEUE))
        yield {
            "10": partial(FEW.per_second, world.smtp),
            "bare 10": partial(FEW.per_second, port),
            "Postfix 10": partial(FEW_TO_POSTFIX.per_second, relay.port),
            "50": partial(MANY.per_second, world.smtp),
            "bare 50": partial(MANY.per_second, port),
            "Postfix 50": partial(MANY_TO_POSTFIX.per_second, relay.port),
            "ms": partial(milliseconds, FEW, world.pid, world.smtp),
            "bare ms": partial(milliseconds, FEW, bare, port),
            "2 MB": partial(Flood(40, 4, OURS, 2_000_000).per_second, world.smtp),
            "Postfix 2 MB": partial(Flood(40, 4, POSTFIXS, 2_000_000).per_second, relay.port),
            "1 kB": partial(Flood(MAILS, 10, OURS, 1_000).per_second, world.smtp),
            "50 kB": partial(Flood(MAILS // 2, 10, OURS, 50_000).per_second, world.smtp),
        }


def milliseconds(flood: Flood, pid: int, port: int) -> float:
    """CPU time of a process for each mail that it takes."""
    before = cpu_seconds(pid)
    flood.send(port)
    return (cpu_seconds(pid) - before) / flood.mails * 1000


BENCHMARK = Benchmark(
    "taking",
    opened,
    [
        Figure("mails a second, 10 connections, against a bare aiosmtpd", "10", "bare 10", 1.5),
        Figure("… against Postfix into its queue", "10", "Postfix 10", 2.2),
        Figure("mails a second, 50 connections, against a bare aiosmtpd", "50", "bare 50", 2),
        Figure("… against Postfix into its queue", "50", "Postfix 50", 4),
        Figure("CPU for a mail, against a bare aiosmtpd: ms", "ms", "bare ms", at_most=0.6),
        Figure("mails of 2 MB a second, against Postfix", "2 MB", "Postfix 2 MB", 0.8),
        Figure("mails of 50 kB a second, against 1 kB", "50 kB", "1 kB", 0.35),
    ],
)
