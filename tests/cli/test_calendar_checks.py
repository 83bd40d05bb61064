"""What `check` and `slots` say of a host's calendar."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import mailflow, read
from tests.doors.calendars.conftest import settings
from tests.doors.calendars.servers import Owned, ics, owned
from tests.flow import Flow


@pytest.fixture
def feed() -> Iterator[Owned]:
    with owned() as calendar:
        yield calendar


def finding(folder: Path) -> str:
    """The line of the calendar."""
    lines = mailflow(folder, "check").stdout.splitlines()
    (line,) = [line for line in lines if "calendar of dana at 127.0.0.1" in line]
    return line


def test_a_calendar_and_its_age(tmp_path: Path, feed: Owned) -> None:
    Flow(tmp_path, settings(f'{{ ics = "{feed.url}" }}')).close()
    assert finding(tmp_path).startswith("ok")
    assert finding(tmp_path).endswith("it was never read")
    assert read(tmp_path, "slots", "coaching")
    assert finding(tmp_path).endswith("what is known of it is 0 minutes old")
    feed.content = ics().replace(b"END:VCALENDAR", b"")
    line = finding(tmp_path)
    assert line.startswith("warn")
    assert "its end is missing" in line
    assert feed.url not in line
