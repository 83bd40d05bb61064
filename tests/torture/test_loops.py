"""Programs that answer serving processes over SMTP: whatever they send, it comes to an end by itself."""

import smtplib
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count as counting
from pathlib import Path

import pytest

from mailflow.conversations.pausing import MAILS_AN_HOUR
from tests.conftest import Count, Figure
from tests.conversations.test_bounces import dsn
from tests.conversations.test_loops import Robot, answering, vacation
from tests.end_to_end.world import PATIENCE, World, eventually
from tests.flow import SETTINGS, Sent

QUIET = 2.0
"""Seconds after which nobody has anything to say any more: longer than any queue sleeps."""

MOST = 60
"""Mails after which what goes on is a loop."""

JOE, DANA = "Joe Client <joe@client.test>", "Dana Coach <dana@coach.test>"


class Post:
    """Carries what the mailflows send to each other and to robots, and what those answer, until all is quiet."""

    def __init__(
        self, worlds: dict[str, World], robots: dict[str, Robot] | None = None, most: int = MOST
    ) -> None:
        self._worlds = worlds
        self._most = most
        self._robots = robots or {}
        self._carried = {world: len(world.boxes.mails) for world in worlds.values()}
        self.carried: list[Sent] = []

    def carry_all(self) -> int:
        """Returns how many mails the mailflows sent, once none has come for a while."""
        last = time.monotonic()
        while time.monotonic() < last + QUIET:
            if new := self._fetched():
                last = time.monotonic()
            for copy in new:
                self._carry(copy)
            assert len(self.carried) <= self._most, "a loop"
            time.sleep(0.05)
        return len(self.carried)

    def _fetched(self) -> Sequence[Sent]:
        new = []
        for world in self._worlds.values():
            new += world.boxes.mails[self._carried[world] :]
            self._carried[world] = len(world.boxes.mails)
        self.carried += new
        return new

    def _carry(self, copy: Sent) -> None:
        domain = copy.recipient.rpartition("@")[2]
        if domain in self._worlds:
            hand_in(self._worlds[domain], copy.sender, copy.recipient, copy.raw)
            return
        robot = self._robots.get(copy.recipient)
        answer = robot(copy) if robot else None
        if answer is not None:
            (world,) = self._worlds.values()
            reply_to = copy.address if b"report-type" not in answer else copy.sender
            sender = copy.recipient if reply_to == copy.address else ""
            hand_in(world, sender, reply_to, answer)


def hand_in(world: World, sender: str, recipient: str, raw: bytes) -> None:
    """One mail over SMTP; who is refused a mail that is a loop's keeps it."""
    with smtplib.SMTP("127.0.0.1", world.smtp, timeout=PATIENCE) as client:
        client.sendmail(sender, [recipient], raw)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[dict[str, World]]:
    """Two mailflows whose hosts and operators read their mail at each other's door."""
    made = {}
    for name, other in (("one", "two"), ("two", "one")):
        (tmp_path / name).mkdir()
        settings = SETTINGS.replace("flow.test", f"{name}.test")
        settings = settings.replace("dana@coach.test", f"dana@{other}.test")
        settings = settings.replace("ops@example.com", f"postmaster@{other}.test")
        made[f"{name}.test"] = World(tmp_path / name, settings)
    try:
        for one in made.values():
            one.start()
        yield made
    finally:
        for one in made.values():
            one.close()


@pytest.mark.parametrize("recipient", ["dana@one.test", "postmaster@one.test"])
def test_twins_come_to_rest(twins: dict[str, World], recipient: str, figure: Figure) -> None:
    first = f"From: {JOE}\r\nTo: {recipient}\r\nSubject: Hello\r\n\r\nCan we meet?\r\n"
    hand_in(twins["one.test"], "joe@client.test", recipient, first.encode())
    sent = Post(twins).carry_all()
    figure(f"mails of two mailflows that are each other's, from one to {recipient}", sent)
    assert 2 <= sent < 10


def bouncing() -> Robot:
    """A server that has no such mailbox, and says so to every envelope sender (RFC 5321, section 6.1)."""
    numbers = counting(1)
    return lambda copy: dsn(copy, number=next(numbers)) if copy.sender else None


def reflecting() -> Robot:
    """A list that hands every mail back under its own sender, with its marks, and ours taken off."""
    marks = b"List-Id: <all.list.test>\r\nPrecedence: list\r\n"
    return lambda copy: marks + copy.raw.replace(b"Mailflow-", b"X-Mailflow-")


def parroting() -> Robot:
    """Says back what it reads, under new ids, to whoever wrote, even to nobody."""
    numbers = counting(1)
    return lambda copy: answering(copy, next(numbers), copy.text)


LOOPS: dict[str, tuple[str, Callable[[], Robot], int]] = {
    "a vacation responder with changing ids": ("away@client.test", vacation, 5),
    "its own bounces": ("gone@client.test", bouncing, 5),
    "a list that reflects": ("all@list.test", reflecting, 5),
    "a parrot": ("parrot@client.test", parroting, 20),
}
"""Who answers, how, and after how many mails it must have ended."""


@pytest.mark.parametrize("loop", LOOPS)
def test_what_answers_every_mail_comes_to_rest(world: World, loop: str, figure: Figure) -> None:
    address, robot, most = LOOPS[loop]
    post = Post({"flow.test": world}, {address: robot()})
    before = len(world.boxes.of("dana@coach.test", "relay"))
    world.send(address, "dana@flow.test", "Can we meet?")
    asked = world.boxes.wait("dana@coach.test", "relay", before + 1)
    world.reply(DANA, asked, "Gladly.\n/offer coaching")
    eventually(lambda: world.boxes.of(address))
    sent = post.carry_all()
    figure(f"mails that went out until an end with {loop}", sent)
    assert 2 <= sent <= most


def test_both_sides_away_come_to_rest(world: World, count: Count, figure: Figure) -> None:
    """In full also where neither marks its mail: that ends with the pause of the conversation."""
    for marks in [{"Auto_Submitted": "auto-replied"}, *([{}] * count(0, 1))]:
        away = vacation(**marks)
        robots = {"joe@client.test": away, "dana@coach.test": away}
        post = Post({"flow.test": world}, robots, most=MAILS_AN_HOUR + 5)
        world.send(JOE, "dana@flow.test", "Can we meet?")
        sent = post.carry_all()
        figure(f"mails until an end with both sides away, marked by {[*marks]}", sent)
        assert sent >= 1
