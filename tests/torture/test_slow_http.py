"""Hundreds who dawdle in every way there is keep nobody else from being served."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import Count, Figure
from tests.end_to_end.world import World
from tests.torture.starvation import stopwatch

SLOWLY = shutil.which("slowhttptest")

WAYS = {
    "headers without end": ["-H"],
    "a form drop by drop": ["-B", "-s", "8192"],
    "an answer that is not read": ["-X", "-w", "1", "-y", "8", "-n", "5", "-z", "1", "-k", "5"],
    "a thousand ranges": ["-R"],
}

LONGEST = 5.0
"""Seconds that an honest visitor waits at most."""


@contextmanager
def dawdling(world: World, folder: Path, each: int, seconds: int) -> Iterator[None]:
    """So many who dawdle in each of the ways, all at the same time."""
    url = f"http://127.0.0.1:{world.http}/dana"
    common = ["-c", str(each), "-r", str(each // 4), "-i", "2", "-l", str(seconds), "-u", url]
    running = [
        subprocess.Popen([str(SLOWLY), *way, *common], cwd=folder, stdout=subprocess.DEVNULL)
        for way in WAYS.values()
    ]
    try:
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait()


@pytest.mark.skipif(SLOWLY is None, reason="there is no slowhttptest here")
def test_an_honest_visitor_is_served(tmp_path: Path, count: Count, figure: Figure) -> None:
    each, seconds = count(250, 1_000), count(5, 60)
    world = World(tmp_path)
    try:
        world.start()
        with dawdling(world, tmp_path, each, seconds):
            waits = list(_visits(world, seconds))
    finally:
        world.close()
    figure(
        f"an honest visitor's longest wait among {len(WAYS) * each} who dawdle",
        f"{max(waits):.2f} s",
    )
    assert max(waits) < LONGEST


def _visits(world: World, seconds: int) -> Iterator[float]:
    """How long a visitor waits for a page, time after time; what the machine does for others is not counted."""
    url = f"http://127.0.0.1:{world.http}/dana/coaching"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.5)
        waited = stopwatch(world.pid)
        assert httpx.get(url, headers={"Host": "flow.test"}, timeout=60).status_code == 200
        yield waited()
