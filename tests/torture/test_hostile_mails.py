"""Hostile mails, through a serving process and through its parts: none ends it, hangs it, or is lost."""

import smtplib
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailflow.conversations.receive import receive
from mailflow.conversations.taking import set_aside, take, take_up
from mailflow.errors import Unreadable
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from mailflow.mail.own_addresses import OwnAddresses
from mailflow.mail.reading import read
from mailflow.store.states import Taken
from mailflow.store.tables import Message, Offer, Participant, TakenMail
from tests.conftest import Count, Figure
from tests.end_to_end.world import World, eventually
from tests.flow import Flow, to
from tests.hostile_mails import Corpus, hostile_mails

LIMIT = 2.0
"""Seconds of computing for one mail, wherever it is."""

QUESTION = -2
"""Which of the ways is the address of a question."""

JOE, DANA = b"Joe <joe@client.test>", "dana@coach.test"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return hostile_mails()


def chosen(corpus: Corpus, every: int) -> Corpus:
    """Each so-many-th of them."""
    return dict(list(corpus.items())[::every])


def test_none_ends_a_serving_process_or_is_lost(
    tmp_path: Path, corpus: Corpus, count: Count, figure: Figure
) -> None:
    world = World(tmp_path)
    world.start()
    mails = chosen(corpus, count(6, 1))
    try:
        taken = [name for name, raw in mails.items() if _is_taken(world, raw)]
        states = eventually(lambda: _settled(tmp_path, len(taken)))
        world.send("Ann <ann@client.test>", "dana@flow.test", "Are you there?")
        assert eventually(lambda: _copies(world, b"Are you there?"))
        assert len(world.read("held")) == states["held"]
    finally:
        world.close()
    figure("hostile mails sent to a serving process", len(mails))
    figure("of these taken and then", dict(states))
    assert states.total() == len(taken) > len(mails) // 2
    assert set(states) <= {"done", "held"}


def _is_taken(world: World, raw: bytes) -> bool:
    """Whether a mail was answered with 250; what is refused is the sender's to keep."""
    with smtplib.SMTP("127.0.0.1", world.smtp, timeout=20) as client:
        try:
            client.sendmail("joe@client.test", ["dana@flow.test"], raw)
        except smtplib.SMTPResponseException as refusal:
            assert 552 <= refusal.smtp_code <= 554
            return False
    return True


def _settled(folder: Path, number: int) -> Counter[str] | None:
    """The states of all mails, once none waits any more."""
    database = sqlite3.connect(f"file:{folder / 'data' / 'mailflow.db'}?mode=ro", uri=True)
    rows = database.execute("select state, count(*) from takenmail group by state").fetchall()
    database.close()
    states = Counter(dict(rows))
    return states if states.total() >= number and not states["taken"] else None


def _copies(world: World, text: bytes) -> bool:
    return any(text in copy.raw for copy in world.boxes.of("dana@coach.test", "relay"))


@dataclass(frozen=True, slots=True)
class Way:
    """A way into the house: who writes, and to which of its addresses."""

    author: bytes
    recipient: str


def ways(flow: Flow) -> list[Way]:
    """Every kind of address that there is, with those who may write to it and those who may not."""
    asked = to(flow.mail("Joe <joe@client.test>", "dana@flow.test", "Can we meet?"), DANA)
    question = to(flow.mail("Ann <ann@friend.test>", asked.address, "Me too."), DANA)
    offer = to(flow.reply(DANA, asked, "Gladly.\n/offer coaching"), "joe@client.test")
    (client,) = flow.run(lambda unit: unit.db.all(Participant, address="joe@client.test"))
    (offered,) = flow.run(lambda unit: unit.db.all(Offer))
    slot = OwnAddresses(flow.config, flow.house.keys).slot(offered.id, 1, client.id)
    joe, dana, eve = (b"Joe <joe@client.test>", DANA.encode(), b"Eve <eve@evil.test>")
    found = [
        (who, where) for where in ("dana@flow.test", asked.address) for who in (joe, dana, eve)
    ]
    found += [(joe, slot), (eve, slot), (dana, question.address), (eve, offer.sender)]
    return [Way(who, where) for who, where in found]


def test_none_takes_long_or_vanishes(
    flow: Flow, corpus: Corpus, count: Count, figure: Figure
) -> None:
    """Also those that the listener would refuse: an import, or an older mailflow, may have them."""
    ins = ways(flow)
    before = len(flow.run(lambda unit: unit.db.all(TakenMail)))
    times: dict[str, float] = {}
    for number, (name, raw) in enumerate(chosen(corpus, count(2, 1)).items()):
        for way in ins if count(0, 1) else [ins[number % len(ins)]]:
            start = time.process_time()
            work_on(flow, raw.replace(JOE, way.author), way.recipient)
            times[name] = max(times.get(name, 0), time.process_time() - start)
    slowest = max(times, key=lambda name: times[name])
    figure("slowest hostile mail", f"{slowest}: {times[slowest]:.2f} s")
    assert times[slowest] < LIMIT
    mails = flow.run(lambda unit: unit.db.all(TakenMail))[before:]
    messages = {message.taken for message in flow.run(lambda unit: unit.db.all(Message))}
    # One that comes by two ways is one message.
    kept = {(mail.message_id, mail.digest) for mail in mails if mail.id in messages}
    lost = [
        mail
        for mail in mails
        if mail.state is not Taken.HELD and (mail.message_id, mail.digest) not in kept
    ]
    # What comes to a question's address is an answer to it, or the host is asked again: it is no message.
    assert {recipient for mail in lost for recipient in mail.recipients} <= {
        ins[QUESTION].recipient
    }
    figure("hostile mails placed or held", Counter(mail.state.value for mail in mails))


def work_on(flow: Flow, raw: bytes, recipient: str) -> None:
    """What the worker does with a mail; a failure is the test's."""
    sender = "joe@client.test"
    flow.run(take, [Envelope(sender, (recipient,), "127.0.0.1", "client.test", raw)])
    for job in flow.run(take_up, 1):
        try:
            mail = read(raw, "flow.test", sender)
        except Unreadable as error:
            flow.run(set_aside, job.taken.id, Taken.HELD, error.reason)
        else:
            flow.run(receive, job.arrival(mail, Verdict.VERIFIED))
