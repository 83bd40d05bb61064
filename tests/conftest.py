"""What tests of every room use."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import hypothesis
import pytest

from mailflow.journal import open_journal
from tests.flow import Flow
from tests.postgresql import Server, running
from tests.small_disk import mounted

# On the wall a busy machine is slow with anything; what must be quick is measured in time of the process.
hypothesis.settings.register_profile("mailflow", deadline=None)
hypothesis.settings.load_profile("mailflow")

Golden = Callable[[str, bytes], None]
Count = Callable[[int, int], int]
Figure = Callable[[str, object], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden",
        action="store_true",
        help="write what the tests made to their golden files instead of comparing it",
    )
    parser.addoption(
        "--full",
        action="store_true",
        help="as many kills, races, hostile inputs as the promises speak of, not a sample of them",
    )


@pytest.fixture
def journal() -> io.StringIO:
    """What is written down during the test, from its beginning."""
    stream = io.StringIO()
    open_journal(stream, lambda: datetime.now(UTC))
    return stream


@pytest.fixture
def count(request: pytest.FixtureRequest) -> Count:
    """`count(sample, full)`: how often to try something that takes its time, the second with --full."""
    full = bool(request.config.getoption("--full"))
    return lambda sample, all_of_them: all_of_them if full else sample


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """`figure(name, value)`: a measured figure, listed at the end of the run."""
    return lambda name, value: request.node.user_properties.append((name, str(value)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the figures that the tests measured."""
    reports = chain(terminalreporter.getreports("passed"), terminalreporter.getreports("failed"))
    figures = [pair for report in reports for pair in report.user_properties]
    if figures:
        terminalreporter.section("figures")
        for name, value in figures:
            terminalreporter.write_line(f"{name}: {value}")


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


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server."""
    with running() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return "sqlite"
    server: Server = request.getfixturevalue("server")
    return server.emptied()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that is a disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with mounted(folder):
        yield folder


@pytest.fixture
def flow(tmp_path: Path, database: str) -> Iterator[Flow]:
    """A mailflow without doors, in a folder of its own, on each kind of database in turn."""
    made = Flow(tmp_path, database=database)
    yield made
    made.close()
