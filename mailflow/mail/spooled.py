"""Octets that are too many to stand in memory: they lie in a file, and are read in pieces."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

PIECE = 512 * 1024
"""Octets that are in memory at a time. Less costs: each piece is a change of threads, or four."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """What stands in `file` from `start` on, `size` octets, as long as it is open; one thread at a time may read it."""

    file: IO[bytes]
    start: int
    size: int

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        self.file.seek(self.start)
        return self.file.read(self.size)

    def pieces(self, size: int) -> Iterator[bytes]:
        """All octets in their order, so many at a time; as often as they are asked for."""
        self.file.seek(self.start)
        while piece := self.file.read(size):
            yield piece


Content = bytes | Spooled
"""Octets of whatever number."""


def pieces(content: Content, size: int = PIECE) -> Iterator[bytes]:
    """The same of octets that stand in memory or do not."""
    if isinstance(content, Spooled):
        yield from content.pieces(size)
    else:
        for start in range(0, len(content), size):
            yield content[start : start + size]
