"""A house with a past: a booking made from an offer, and a stranger's mail that is held."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow import Flow, to

ANN, DANA = "Ann Client <ann@client.test>", "Dana Coach <dana@coach.test>"


def live(folder: Path) -> None:
    """Ann asks, Dana offers, Ann takes the second time, and somebody else has read along."""
    flow = Flow(folder)
    question = to(flow.mail(ANN, "dana@flow.test", "Hello,\nFrom now on?"), "dana@coach.test")
    flow.reply(DANA, question, "Gladly.\n/offer coaching")
    flow.mail(ANN, question.address, "2")
    flow.mail("stranger@x.test", question.address, "Me too!", subject="Hi \x1b[31mthere")
    flow.close()


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to look at alone."""
    folder = tmp_path_factory.mktemp("past")
    live(folder)
    return folder


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Path]:
    """A folder of one's own, to act in."""
    live(tmp_path)
    yield tmp_path
