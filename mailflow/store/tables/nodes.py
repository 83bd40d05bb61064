"""The processes that serve."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailflow.store.columns import table

LOST = timedelta(minutes=1)
"""After so long without a word a process was killed, or hangs; what it had claimed is then taken over."""


@table()
@dataclass(frozen=True, slots=True)
class Node:
    """A process that serves, or did; each says now and then that it lives."""

    name: str
    machine: str
    roles: tuple[str, ...]
    """What it does of all that mailflow does."""
    schema: int
    """The version of the schema that its release knows."""
    started: datetime
    seen: datetime
    ended: datetime | None = None
    """When it was told to end; one that was killed says nothing."""

    def is_lost(self, now: datetime) -> bool:
        """Whether it was not heard of for too long, though nobody told it to end."""
        return self.ended is None and now - self.seen > LOST
