"""What stands in the mails that were answered is a quote, marked as one or not."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from mailflow.mail.quoting.lines import Line, split

_RUN = 3  # lines; fewer may be equal by chance, a greeting or a sign-off
_MAX_PARENTS = 20  # the nearest ones; these quote the older ones in their turn
_MAX_TOTAL = 400_000  # characters of all parents


class Parents:
    """The lines and word pairs of the mails that were answered, the nearest first."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._runs: set[tuple[str, ...]] = set()
        self._pairs: set[tuple[str, str]] = set()
        left = _MAX_TOTAL
        for text in texts[:_MAX_PARENTS]:
            lines = _plain(split(text[:left]))
            self._runs.update(_runs(lines))
            self._pairs.update(pairwise(" ".join(lines).split()))
            left = max(0, left - len(text))

    def lines_in(self, lines: Sequence[Line]) -> set[int]:
        """The indices of lines in a run of three or more that one of the mails has as well.

        White space, quote marks and empty lines make no difference.
        """
        if not self._runs:
            return set()
        plain = {index: one for index, line in enumerate(lines) if (one := _normal(line.bare))}
        filled, here = list(plain), _runs(list(plain.values()))
        return {
            index
            for first, run in enumerate(here)
            if run in self._runs
            for index in filled[first : first + _RUN]
        }

    def resembles(self, line: Line) -> bool:
        """Whether `line` is one of theirs wrapped anew: half of its word pairs are."""
        pairs = list(pairwise(_normal(line.bare).split()))
        return bool(pairs) and 2 * sum(pair in self._pairs for pair in pairs) >= len(pairs)


def _plain(lines: Iterable[str]) -> list[str]:
    return [plain for line in lines if (plain := _normal(line))]


def _runs(plain: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(plain[n : n + _RUN]) for n in range(len(plain) - _RUN + 1)]


def _normal(line: str) -> str:
    return " ".join(line.lstrip("> \t\xa0").split())
