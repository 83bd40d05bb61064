"""Measuring side by side: all subjects of a benchmark in turn, for several rounds, and the ratios between them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Measure = Callable[[], float]
"""Measures once: a rate, or a number of seconds or octets."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What is promised: a subject's value, or its ratio to that of another measured in the same round."""

    text: str
    of: str
    against: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def reach(self) -> str:
        """The promise in words."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return f"at most {self.at_most:g}" if self.at_most is not None else ""

    def holds(self, value: float) -> bool:
        """Whether a value keeps the promise."""
        enough = self.at_least is None or value >= self.at_least
        return enough and (self.at_most is None or value <= self.at_most)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Subjects that are measured in turn; `opened` makes them ready in a folder, and clears up."""

    name: str
    opened: Callable[[Path], AbstractContextManager[Mapping[str, Measure]]]
    figures: Sequence[Figure]
    rounds: int = 5
    """At least so many: where one takes minutes, no more."""


@dataclass(frozen=True, slots=True)
class Result:
    """A figure as it was measured: the median of its rounds, and all of them."""

    figure: Figure
    rounds: Sequence[float]
    values: Mapping[str, float]
    """The median of each subject that the figure speaks of."""

    @property
    def value(self) -> float:
        return median(self.rounds)

    @property
    def holds(self) -> bool:
        return self.figure.holds(self.value)


def run(
    benchmark: Benchmark, folder: Path, rounds: int, say: Callable[[str], object]
) -> list[Result]:
    """Every figure of a benchmark; `say` is told of each round."""
    with benchmark.opened(folder) as subjects:
        measured: list[dict[str, float]] = []
        for number in range(1, rounds + 1):
            say(f"{benchmark.name}: round {number} of {rounds}")
            measured.append({name: measure() for name, measure in subjects.items()})
    return [_result(figure, measured) for figure in benchmark.figures]


def _result(figure: Figure, measured: Sequence[Mapping[str, float]]) -> Result:
    rounds = [
        one[figure.of] / one[figure.against] if figure.against else one[figure.of]
        for one in measured
    ]
    subjects = [name for name in (figure.of, figure.against) if name]
    values = {name: median(one[name] for one in measured) for name in subjects}
    return Result(figure, rounds, values)
