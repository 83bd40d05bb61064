"""The benchmarks: `.bin/benchmark [--rounds N] [NAME...]`, each against a floor that is measured in the same run."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from tests.benchmarks import (
    bookings,
    confirmations,
    data_layer,
    free_slots,
    growth,
    memory,
    on_postgresql,
    relaying,
    stalls,
    taking,
)
from tests.benchmarks.race import Benchmark, Result, run

ALL: Sequence[Benchmark] = (
    taking.BENCHMARK,
    relaying.BENCHMARK,
    stalls.BENCHMARK,
    data_layer.BENCHMARK,
    free_slots.BENCHMARK,
    confirmations.BENCHMARK,
    bookings.BENCHMARK,
    on_postgresql.BENCHMARK,
    memory.BENCHMARK,
    growth.BENCHMARK,
    growth.ON_A_SERVER,
)

console = Console(highlight=False)


def main() -> int:
    """Run what was asked for and print the figures; 1 if one of them is not reached."""
    names = [benchmark.name for benchmark in ALL]
    parser = argparse.ArgumentParser(prog="benchmark", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--rounds", type=int, help="default: as many as each needs, mostly 5")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(names):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    results: list[Result] = []
    for benchmark in ALL:
        if not asked.names or benchmark.name in asked.names:
            with TemporaryDirectory(prefix="mailflow-benchmark-") as folder:
                rounds = asked.rounds or benchmark.rounds
                results += run(benchmark, Path(folder), rounds, console.print)
    console.print(_table(results))
    return 0 if all(result.holds for result in results) else 1


def _table(results: Sequence[Result]) -> Table:
    table = Table("figure", "reach", "median", "rounds", "of", box=None)
    for result in results:
        table.add_row(
            result.figure.text,
            result.figure.reach,
            f"{result.value:.3g}" if result.holds else f"[bold red]{result.value:.3g}",
            f"{min(result.rounds):.3g} to {max(result.rounds):.3g}",
            ", ".join(f"{name} {value:.4g}" for name, value in result.values.items()),
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
