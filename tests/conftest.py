"""What tests of every room use."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flow import Flow

Golden = Callable[[str, bytes], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden",
        action="store_true",
        help="write what the tests made to their golden files instead of comparing it",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(name, octets)`: equal to the file of that name in `golden/` beside the test."""
    folder = Path(request.path).parent / "golden"

    def check(name: str, octets: bytes) -> None:
        file = folder / name
        if request.config.getoption("--write-golden"):
            folder.mkdir(exist_ok=True)
            file.write_bytes(octets)
        assert octets == file.read_bytes()

    return check


@pytest.fixture
def flow(tmp_path: Path) -> Iterator[Flow]:
    """A mailflow without doors, in a folder of its own."""
    made = Flow(tmp_path)
    yield made
    made.close()
