"""A serving mailflow whose event loop is watched: `python -m tests.benchmarks.watched CONFIG`.

Without a configuration it is a bare loop.
It prints the port of its listener, or 0; then, for each line on its stdin, the longest stall since the line before.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import uvloop

from mailflow.journal import open_journal
from mailflow.service import load_house, running

BEAT = 0.001
"""Seconds between two heartbeats of a loop that has nothing to do."""


class Watch:
    """A heartbeat in the running loop; what it is late by, somebody else there took."""

    def __init__(self) -> None:
        self.longest = 0.0
        """Seconds that the loop stood still, without those in which its thread only waited for a processor."""
        self._loop = asyncio.get_running_loop()
        # Kept open: each call of the system lets go of Python's lock, and has to wait for it.
        self._schedstat = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        self._beat()

    def _beat(self) -> None:
        self._began, self._waited = self._loop.time(), self._seconds_queued()
        self._loop.call_at(self._began + BEAT, self._measure)

    def _measure(self) -> None:
        passed = self._loop.time() - self._began
        waited = self._seconds_queued() - self._waited
        self.longest = max(self.longest, passed - waited - BEAT)
        self._beat()

    def _seconds_queued(self) -> float:
        """For how long this thread was ready to run, and others ran."""
        return int(os.pread(self._schedstat, 100, 0).split()[1]) / 1e9


async def main(config: Path | None) -> None:
    """Serve, or do nothing, until stdin ends."""
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(_serving(config)) if config else 0
        print(port, flush=True)  # noqa: T201 -- who starts it reads that
        watch = Watch()
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, sys.stdin.readline):
            print(watch.longest, flush=True)  # noqa: T201 -- the same
            watch.longest = 0.0


@asynccontextmanager
async def _serving(config: Path) -> AsyncIterator[int]:
    house = load_house(config, os.environ)
    open_journal(sys.stderr, house.clock)
    async with running(house) as ports:
        yield ports["smtp"][1]


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]) if sys.argv[1:] else None))
