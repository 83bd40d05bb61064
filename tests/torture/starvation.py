"""What a busy machine adds to a wait: time in which a process could go on, were there a processor for it."""

import time
from collections.abc import Callable
from pathlib import Path


def stopwatch(*pids: int) -> Callable[[], float]:
    """Seconds from now on, without those for which the main thread of one of the processes was kept from running.

    What waits in several of them at the same time is taken off once: for the one that waited longest.
    """
    began, before = time.monotonic(), [_starved(pid) for pid in pids]

    def seconds() -> float:
        gone = time.monotonic() - began
        return gone - max(_starved(pid) - then for pid, then in zip(pids, before, strict=True))

    return seconds


def _starved(pid: int) -> float:
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[1]) / 1e9
