"""What becomes of mails that their reader does not survive: tried three times, parked, and the others go on."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from threading import Event

import pytest

from mailflow import config
from mailflow.appointments.listing import Facts
from mailflow.conversations.held import drop, held_mails
from mailflow.conversations.receive import receive
from mailflow.conversations.taking import TRIES, take, take_up
from mailflow.doors import delivery as outgoing
from mailflow.doors.authentication import Authenticator
from mailflow.doors.calendars import Calendars
from mailflow.doors.readers import Patience, Readers
from mailflow.errors import BodyUnmade
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from mailflow.mail.reading import Mail
from mailflow.mail.wire.body_hashes import outline
from mailflow.store.blobs import kept
from mailflow.store.states import Taken
from mailflow.store.tables import Delivery, Message, Piece, TakenMail
from mailflow.store.unit import Made, Unit
from mailflow.worker import Judge, StoredOutbox, Worker
from tests.doors.obedient_reader import COMMAND
from tests.doors.peers import Sink, sink
from tests.flow import Flow, Sent, to
from tests.references import dangling

BRIEF = Patience(reading=1)


def hand_in(unit: Unit, text: str, more: bytes = b"", sender: str = "joe@client.test") -> int:
    head = f"From: {sender}\r\nTo: dana@flow.test\r\nSubject: {text}\r\n\r\n"
    raw = head.encode() + (more or f"{text}\r\n".encode())
    return take(unit, [Envelope(sender, ("dana@flow.test",), "127.0.0.1", "c.test", raw)])[0]


@asynccontextmanager
async def working(flow: Flow, judge: Judge | None = None) -> AsyncIterator[Sink]:
    """A worker with readers that do what mails say, and the smarthost that it sends to."""
    flow.store.start()
    readers = Readers("flow.test", command=COMMAND, patience=BRIEF)
    async with sink() as smarthost:
        settings = config.Smarthost(address=smarthost.endpoint)
        worker = Worker(
            flow.store,
            outgoing.Delivery(settings, StoredOutbox(flow.store), hostname="flow.test"),
            Calendars(flow.store),
            readers,
            judge or Authenticator(flow.config).check,
        )
        worker.start()
        try:
            yield smarthost
        finally:
            await worker.stop()
            readers.close()


async def test_who_is_slow_to_judge_holds_up_nobody_else(flow: Flow) -> None:
    known = Event()

    def judge(envelope: Envelope, mail: Mail) -> Verdict:
        if mail.subject == "slow":
            known.wait(30)
        return Verdict.VERIFIED

    async with working(flow, judge) as smarthost, asyncio.timeout(30):
        await flow.store.run(hand_in, "slow")
        await flow.store.run(hand_in, "after it")
        await flow.store.run(hand_in, "another's", sender="ann@client.test")
        while not smarthost.taken:
            await asyncio.sleep(0.02)
        assert [one.subject for one in await recorded(flow)] == ["another's"]
        known.set()
        while len(smarthost.taken) < 3:
            await asyncio.sleep(0.02)
        assert [one.subject for one in await recorded(flow)] == ["another's", "slow", "after it"]


async def recorded(flow: Flow) -> list[Message]:
    return await flow.store.read(lambda unit: unit.db.all(Message))


async def test_mails_that_end_their_reader_are_parked_and_the_others_go_on(flow: Flow) -> None:
    async with working(flow) as smarthost, asyncio.timeout(60):
        for text in ("Hello 1", "CRASH", "Hello 2", "HANG", "Hello 3", "EXIT", "EAT", "Hello 4"):
            await flow.store.run(hand_in, text)
        held: list[Facts] = []
        while len(smarthost.taken) < 4 or len(held) < 4:
            await asyncio.sleep(0.05)
            held = await flow.store.read(held_mails)
        mails = await flow.store.read(lambda unit: unit.db.all(TakenMail))
        messages = await flow.store.read(lambda unit: unit.db.all(Message))
    assert [one.state for one in mails] == [Taken.DONE, Taken.PARKED] * 3 + [
        Taken.PARKED,
        Taken.DONE,
    ]
    assert {one.attempts for one in mails if one.state is Taken.PARKED} == {TRIES}
    assert [one["reason"] for one in held] == [
        "failed 3 times: the process that read it ended (-11)",
        "failed 3 times: what reads it said nothing for 1 seconds",
        "failed 3 times: the process that read it ended (7)",
        "failed 3 times: the process that read it ended (1)",
    ]
    assert [one.text for one in messages] == [f"Hello {number}" for number in range(1, 5)]


async def test_a_held_mail_that_ends_its_reader_parks_the_hosts_yes(flow: Flow) -> None:
    """Not the worker: the others go on, and the mail itself can still be dropped."""
    asked = to(flow.mail("Joe <joe@client.test>", "dana@flow.test"), "dana@coach.test")
    deadly = to(flow.mail("eve@x.test", asked.address, "CRASH"), "dana@coach.test")
    harmless = to(flow.mail("eve@x.test", asked.address, "Me too."), "dana@coach.test")
    before = {one.id for one in flow.run(lambda unit: unit.db.all(Message))}
    async with working(flow) as smarthost, asyncio.timeout(60):
        for question in (deadly, harmless):
            await flow.store.run(answer_yes, question)
        while not smarthost.taken or len(await flow.store.read(held_mails)) < 2:
            await asyncio.sleep(0.05)
        held = await flow.store.read(held_mails)
        messages = await flow.store.read(lambda unit: unit.db.all(Message))
    assert [one["reason"] for one in held] == [
        "eve@x.test is not in the conversation; the host was asked",
        "failed 3 times: the process that read it ended (-11)",
    ]
    assert [one.text for one in messages if one.id not in before] == ["Me too."]
    flow.run(drop, held[0]["id"])
    assert [one["reason"] for one in flow.run(held_mails)] == [held[1]["reason"]]


async def test_a_big_mail_is_passed_on_as_it_came(flow: Flow) -> None:
    file = base64.encodebytes(Random(5).randbytes(2_000_000)).replace(b"\n", b"\r\n").lower()
    async with working(flow) as smarthost, asyncio.timeout(60):
        await flow.store.run(hand_in, "Hello", file)
        while not smarthost.taken:
            await asyncio.sleep(0.05)
        (delivery,) = await flow.store.read(lambda unit: unit.db.all(Delivery))
        body = await flow.store.read(lambda unit: kept(unit.db, delivery.body))
    assert smarthost.taken[0][2] == delivery.head + body
    assert body == b"\r\n" + file
    assert flow.run(lambda unit: len(unit.db.all(Piece))) == 12


async def test_no_big_mail_is_to_blame_for_the_disk(flow: Flow) -> None:
    """It lies in a file while it is read, which cannot be had for a while: that is no failed try."""
    folder = flow.config.mailflow.data_dir
    async with working(flow) as smarthost, asyncio.timeout(60):
        await flow.store.run(hand_in, "Hello, all is well")
        while not smarthost.taken:
            await asyncio.sleep(0.05)
        folder.rename(folder.with_name("away"))
        await flow.store.run(hand_in, "Hello", b"y" * 70 * 20_000 + b"\r\n")
        await asyncio.sleep(2)
        assert len(smarthost.taken) == 1
        folder.with_name("away").rename(folder)
        while len(smarthost.taken) < 2:
            await asyncio.sleep(0.05)
    _, mail = flow.run(lambda unit: unit.db.all(TakenMail))
    assert (mail.state, mail.attempts) == (Taken.DONE, 1)


async def test_a_body_that_was_let_go_before_its_copy_was_queued_is_made_again(flow: Flow) -> None:
    ident = flow.run(hand_in, "Hello", b"y" * 70 * 20_000 + b"\r\n")
    (job,) = flow.run(take_up, 1)
    arrival = job.arrival(flow.read(job), Verdict.VERIFIED)
    with pytest.raises(BodyUnmade) as first:
        flow.store.run_now(receive, arrival)
    gone = Made("0" * 64, outline(b"\r\n"))
    with pytest.raises(BodyUnmade) as second:
        made = {(first.value.blob, first.value.changes): gone}
        flow.store.run_now(lambda unit: receive(replace(unit, made=made), arrival))
    assert second.value.changes == first.value.changes
    flow.run(receive, arrival)
    assert flow.run(lambda unit: unit.db.get(TakenMail, ident)).state is Taken.DONE
    assert flow.run(dangling) == []


def answer_yes(unit: Unit, question: Sent) -> None:
    raw = f"From: dana@coach.test\r\nTo: {question.address}\r\n\r\nyes\r\n".encode()
    take(unit, [Envelope("dana@coach.test", (question.address,), "127.0.0.1", "c.test", raw)])
