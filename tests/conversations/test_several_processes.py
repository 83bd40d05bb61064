"""Several processes on one database: each mail is worked on by one, and by another if that one is gone."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import pytest

from mailflow.conversations.arrival import Arrival
from mailflow.conversations.receive import receive
from mailflow.conversations.taking import Job, recover, renew, take, take_up
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from mailflow.mail.reading import read
from mailflow.post import outbox
from mailflow.store import Store, Unit, is_embedded, open_store
from mailflow.store.tables import Message, TakenMail
from tests.flow import Flow

RAW = (
    b"From: joe@client.test\r\nTo: dana@flow.test\r\nMessage-ID: <%d@client.test>\r\n\r\nHello\r\n"
)


@pytest.fixture
def other(flow: Flow) -> Iterator[Store]:
    """The store of another process on the same database."""
    store = open_store(replace(flow.house, node="node-2"))
    yield store
    store.close()


def hand_in(flow: Flow, number: int = 0) -> int:
    envelope = Envelope("joe@client.test", ("dana@flow.test",), "127.0.0.1", "x", RAW % number)
    return flow.run(take, [envelope])[0]


def arrival(job: Job) -> Arrival:
    return job.arrival(read(job.raw, "flow.test", job.taken.sender), Verdict.VERIFIED)


def state_of(unit: Unit, mail: int) -> tuple[int, str]:
    taken = unit.db.get(TakenMail, mail)
    return taken.attempts, taken.owner


def test_what_one_takes_up_no_other_gets_while_it_lives(flow: Flow, other: Store) -> None:
    mail = hand_in(flow)
    (job,) = flow.run(take_up, 10)
    assert other.run_now(take_up, 10) == []
    for _ in range(5):
        flow.wait(seconds=30)
        flow.run(renew)
        other.run_now(renew)
        assert other.run_now(take_up, 10) == []
    assert flow.run(state_of, mail) == (1, "node-1")
    flow.run(receive, arrival(job))
    flow.wait(minutes=10)
    assert other.run_now(take_up, 10) == []


def test_within_a_minute_another_takes_over_and_nothing_is_done_twice(
    flow: Flow, other: Store
) -> None:
    mail = hand_in(flow)
    (lost,) = flow.run(take_up, 10)
    flow.wait(seconds=50)
    (job,) = other.run_now(take_up, 10)
    assert flow.run(state_of, mail) == (2, "node-2")
    assert flow.run(take_up, 10) == []
    other.run_now(receive, arrival(job))
    flow.run(receive, arrival(lost))  # it was not gone after all
    assert len(flow.run(lambda unit: unit.db.all(Message))) == 1
    assert len(flow.run(outbox.claim, 10)) == 1


def test_who_failed_may_try_again_at_once(flow: Flow) -> None:
    hand_in(flow)
    assert [job.taken.attempts for job in flow.run(take_up, 10)] == [1]
    assert [job.taken.attempts for job in flow.run(take_up, 10)] == [2]


def test_after_a_restart_nothing_waits_where_there_is_no_other_process(
    flow: Flow, other: Store
) -> None:
    hand_in(flow)
    assert flow.run(take_up, 10)
    other.run_now(recover)
    assert len(other.run_now(take_up, 10)) == is_embedded(flow.config)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_many_who_claim_at_once_get_each_row_once(flow: Flow) -> None:
    """Mails, and the copies that they cause: claimed by four at a time, none twice, none forgotten."""
    for number in range(60):
        hand_in(flow, number)
    stores = [open_store(replace(flow.house, node=f"node-{number}")) for number in range(4)]
    for store in stores:
        store.start()

    async def empty(store: Store) -> list[int]:
        mails = []
        while jobs := await store.run(take_up, 3):
            mails += [job.taken.id for job in jobs]
            await asyncio.gather(*(store.run(receive, arrival(job)) for job in jobs))
        return mails

    async def send(store: Store) -> list[int]:
        copies = []
        while letters := await store.run(outbox.claim, 3):
            copies += [letter.id for letter in letters]
        return copies

    mails = Counter(chain.from_iterable(await asyncio.gather(*map(empty, stores))))
    copies = Counter(chain.from_iterable(await asyncio.gather(*map(send, stores))))
    for store in stores:
        store.close()
    assert (len(mails), set(mails.values())) == (60, {1})
    assert (len(copies), set(copies.values())) == (60, {1})
