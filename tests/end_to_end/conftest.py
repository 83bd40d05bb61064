"""A running mailflow for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A mailflow that serves."""
    made = World(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.close()
