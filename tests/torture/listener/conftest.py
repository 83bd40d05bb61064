"""A mailflow that many tests attack, one after the other."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A mailflow that serves, for all tests of a file."""
    made = World(tmp_path_factory.mktemp("world"))
    try:
        made.start()
        yield made
    finally:
        made.close()
