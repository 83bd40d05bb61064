"""A mailflow whose host has calendars."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.flow import SETTINGS, Flow

MakeFlow = Callable[..., Flow]


def settings(*calendars: str) -> str:
    """The configuration of a flow whose first host has these calendars, written as TOML."""
    return SETTINGS.replace("[[hosts]]", f"[[hosts]]\ncalendars = [{', '.join(calendars)}]", 1)


@pytest.fixture
def make_flow(tmp_path: Path) -> Iterator[MakeFlow]:
    """`make_flow(calendar, …)`: a mailflow that runs transactions of async callers."""
    made: list[Flow] = []

    def make(*calendars: str) -> Flow:
        flow = Flow(tmp_path, settings(*calendars))
        flow.store.start()
        made.append(flow)
        return flow

    yield make
    for flow in made:
        flow.close()
