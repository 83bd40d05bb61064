"""Programs that answer programs: whatever they send, it comes to an end by itself."""

from collections import deque
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from itertools import count
from pathlib import Path

import pytest

from mailflow.conversations.pausing import MAILS_AN_HOUR
from mailflow.conversations.receive import MOST_RECEIVED
from mailflow.post.digests import send_digests
from mailflow.store.states import Taken
from mailflow.store.tables import Conversation, TakenMail
from tests.flow import SETTINGS, Flow, Sent, to

DANA = "Dana Coach <dana@coach.test>"
JOE = "Joe Client <joe@client.test>"

MOST = 50
"""Mails after which what goes on is a loop."""

Robot = Callable[[Sent], bytes | None]
"""What answers each mail that it gets."""


class World:
    """Several mailflows and robots that mail each other until nobody has anything to say."""

    def __init__(self, *flows: Flow, robots: dict[str, Robot] | None = None) -> None:
        self._flows = {flow.config.mailflow.domain: flow for flow in flows}
        self._robots = robots or {}
        self.delivered: list[Sent] = []

    def settle(self, first: list[Sent], most: int = MOST) -> int:
        """Deliver these mails and all that come of them; returns how many went out."""
        waiting = deque(first)
        while waiting:
            copy = waiting.popleft()
            self.delivered.append(copy)
            assert len(self.delivered) <= most, "a loop"
            waiting += self._deliver(copy)
        return len(self.delivered)

    def _deliver(self, copy: Sent) -> list[Sent]:
        flow = self._flows.get(copy.recipient.rpartition("@")[2])
        if flow is not None:
            return flow.hand_in(copy.raw, [copy.recipient], sender=copy.sender)
        robot = self._robots.get(copy.recipient)
        answer = robot(copy) if robot else None
        if answer is None:
            return []
        (flow,) = self._flows.values()
        return flow.hand_in(answer, [copy.address], sender=copy.recipient)


def answering(copy: Sent, number: int, text: str, **headers: str) -> bytes:
    """An answer to `copy` under a new id."""
    message = EmailMessage()
    message["From"] = copy.recipient
    message["To"] = copy.address
    message["Subject"] = f"Re: {copy['Subject']}"
    message["Message-ID"] = f"<robot-{number}@robot.test>"
    message["In-Reply-To"] = copy["Message-ID"]
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def vacation(**marks: str) -> Robot:
    """Answers every mail of a person, never the null sender (RFC 3834, section 2)."""
    numbers = count(1)
    return lambda copy: (
        answering(copy, next(numbers), "I am away.", **marks) if copy.sender else None
    )


def parrot() -> Robot:
    """Answers every mail, even the null sender's, with its own words and no mark."""
    numbers = count(1)
    return lambda copy: answering(copy, next(numbers), copy.text)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Flow, Flow]]:
    """Two mailflows whose hosts read their mail at each other's front door."""
    flows = []
    for name, other in (("one", "two"), ("two", "one")):
        folder = tmp_path / name
        folder.mkdir()
        settings = SETTINGS.replace("flow.test", f"{name}.test")
        settings = settings.replace("dana@coach.test", f"dana@{other}.test")
        flows.append(Flow(folder, settings.replace("ops@example.com", f"postmaster@{other}.test")))
    yield flows[0], flows[1]
    for flow in flows:
        flow.close()


def test_two_instances_that_are_each_others_host_come_to_rest(pair: tuple[Flow, Flow]) -> None:
    one, two = pair
    sent = one.mail(JOE, "dana@one.test", "Can we meet?", envelope_to=["dana@one.test"])
    assert 2 <= World(one, two).settle(sent) < 10


def test_two_operators_who_are_each_others_come_to_rest(pair: tuple[Flow, Flow]) -> None:
    one, two = pair
    address = "postmaster@one.test"
    sent = one.mail(JOE, address, "Your mail bounces.", envelope_to=[address])
    assert 2 <= World(one, two).settle(sent) < 10


def test_conversations_that_have_each_other_in_them_come_to_rest(
    flow: Flow, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Flow(tmp_path / "other", SETTINGS.replace("flow.test", "other.test"))
    world = World(flow, other)
    asked = to(flow.mail(JOE, "dana@flow.test", cc="erik@other.test"), "dana@coach.test")
    world.settle(flow.reply(DANA, asked, "Erik, can you help?"))
    theirs = next(copy for copy in world.delivered if copy.recipient == "erik@school.test")
    answer = other.reply(
        "erik@school.test",
        theirs,
        "I can. Ann can too.",
        cc=["dana@flow.test", "ann@friend.test"],
        envelope_to=[theirs.address],
    )
    assert len(answer) == 1
    before = len(world.delivered)
    assert before < world.settle(answer) < MOST
    other.close()


@pytest.mark.parametrize(
    "marks",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {},
    ],
    ids=["RFC 3834", "bulk", "old", "unmarked"],
)
def test_vacations_of_everybody_come_to_rest(flow: Flow, marks: dict[str, str]) -> None:
    away = vacation(**marks)
    asked = to(flow.mail(JOE, "dana@flow.test", "Can we meet?"), "dana@coach.test")
    world = World(flow, robots={"joe@client.test": away})
    assert world.settle(flow.reply(DANA, asked, "/offer coaching")) <= 3


def test_a_conversation_of_two_unmarked_robots_is_paused(flow: Flow) -> None:
    talker = parrot()
    robots = {"joe@client.test": talker, "dana@coach.test": talker}
    sent = flow.mail(JOE, "dana@flow.test", "Can we meet?")
    assert World(flow, robots=robots).settle(sent, 2 * MAILS_AN_HOUR) <= MAILS_AN_HOUR + 5
    (conversation,) = flow.run(lambda unit: unit.db.all(Conversation))
    assert conversation.paused


def test_a_host_who_is_a_parrot_gets_five_answers_an_hour(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", "Can we meet?"), "dana@coach.test")
    world = World(
        flow,
        robots={"dana@coach.test": lambda copy: answering(copy, len(world.delivered), "/offr")},
    )
    assert world.settle(flow.reply(DANA, asked, "/offr")) == 5
    flow.wait(hours=1)
    flow.run(send_digests)
    assert world.settle(flow.sent()) < MOST


@pytest.mark.parametrize("stamped", [True, False], ids=["with our stamp", "without"])
def test_what_we_sent_comes_back_and_goes_nowhere(flow: Flow, stamped: bool) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", "Can we meet?"), "dana@coach.test")
    raw = asked.raw if stamped else asked.raw.replace(b"Mailflow-", b"X-Mailflow-")
    for address in (asked.address, asked.sender, "dana@flow.test", "postmaster@flow.test"):
        assert flow.hand_in(raw, [address], sender="list@list.test") == []


@pytest.mark.parametrize(("hops", "goes_on"), [(MOST_RECEIVED, True), (MOST_RECEIVED + 1, False)])
def test_a_mail_that_passed_too_many_servers_goes_no_further(
    flow: Flow, hops: int, goes_on: bool
) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", "Can we meet?"), "dana@coach.test")
    received = b"Received: from a.test by b.test; Mon, 23 Nov 2026 09:00:00 +0000\r\n" * hops
    raw = received + f"From: {JOE}\r\nTo: {asked.address}\r\n\r\nHello?\r\n".encode()
    assert bool(flow.hand_in(raw, [asked.address])) is goes_on
    mail = flow.run(lambda unit: unit.db.all(TakenMail)[-1])
    assert mail.state is (Taken.DONE if goes_on else Taken.DROPPED)


def test_a_list_that_hands_everything_back_comes_to_rest(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc="all@list.test"), "dana@coach.test")

    def expand(copy: Sent) -> bytes:
        raw = copy.raw.replace(b"Mailflow-", b"X-Mailflow-")
        return b"List-Id: <all.list.test>\r\nPrecedence: list\r\n" + raw

    world = World(flow, robots={"all@list.test": expand})
    assert world.settle(flow.reply(DANA, asked, "Hello everybody.")) == 2


def flood(flow: Flow, asked: Sent, number: int, start: int = 0) -> list[Sent]:
    """So many mails of Joe into the conversation; what goes out."""
    return [
        copy
        for count in range(start, start + number)
        for copy in flow.mail(JOE, asked.address, f"Mail {count}.")
    ]


def test_a_conversation_of_too_many_mails_waits_for_its_host(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test"), "dana@coach.test")
    passed_on = flood(flow, asked, MAILS_AN_HOUR - 1)
    assert {copy["Mailflow-Kind"] for copy in passed_on} == {"relay"}
    (notice,) = flood(flow, asked, 3, MAILS_AN_HOUR)
    assert notice["Mailflow-Kind"] == "notice"
    assert "is paused" in notice.text
    assert "11:00" in notice.text
    held = flow.run(lambda unit: unit.db.all(TakenMail, state=Taken.HELD))
    assert len(held) == 3

    flow.wait(hours=1)
    assert flood(flow, asked, 1, MAILS_AN_HOUR + 3) == []
    sent = flow.reply(DANA, asked, "Go on.")
    assert to(sent, "joe@client.test").text.startswith("Go on.")
    assert flow.run(lambda unit: unit.db.all(TakenMail, state=Taken.HELD)) == []
    sent = flow.mail(JOE, asked.address, "Thank you.")
    texts = [copy.text.strip() for copy in sent]
    assert texts == [*(f"Mail {MAILS_AN_HOUR + n}." for n in range(4)), "Thank you."]


def test_a_host_cannot_end_the_pause_within_the_hour(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test"), "dana@coach.test")
    flood(flow, asked, MAILS_AN_HOUR)
    assert flow.reply(DANA, asked, "Go on.") == []
    flow.wait(hours=1)
    flow.reply(DANA, asked, "Go on now.")
    assert "Go on." in [copy.text.strip() for copy in flow.mail(JOE, asked.address, "Yes?")]


def test_a_busy_day_is_no_flood(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test"), "dana@coach.test")
    for part in range(3):
        assert len(flood(flow, asked, MAILS_AN_HOUR // 2 - 1, part * MAILS_AN_HOUR)) == (
            MAILS_AN_HOUR // 2 - 1
        )
        flow.wait(minutes=40)
