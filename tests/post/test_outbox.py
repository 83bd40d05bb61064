"""The queue of copies: each goes out until it is through, with the same bytes every time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest

from mailflow.conversations import showing
from mailflow.mail.addresses import Person
from mailflow.mail.outgoing import Letter, Outcome, Result
from mailflow.phrases import said
from mailflow.post import outbox
from mailflow.post.copies import Copy, queue_copies
from mailflow.store.states import Sending
from mailflow.store.tables import Delivery
from mailflow.store.unit import Unit
from tests.flow import Flow

T = TypeVar("T")


@pytest.fixture
def queued(flow: Flow) -> Flow:
    """A mailflow with one copy in its queue."""
    flow.sent = list  # type: ignore[method-assign]
    flow.mail("joe@client.test", "dana@flow.test", "Hello")
    return flow


def claim(flow: Flow) -> list[Letter]:
    """The copy, if it is due; not the word to the operator when it fails."""
    return [one for one in flow.run(outbox.claim, 10) if one.recipient == "dana@coach.test"]


def settle(flow: Flow, letter: Letter, outcome: Outcome) -> Delivery:
    flow.run(outbox.settle, [Result(letter.id, outcome, "as it went")])
    return flow.run(lambda unit: unit.db.get(Delivery, letter.id))


def test_a_copy_is_claimed_once(queued: Flow) -> None:
    assert len(claim(queued)) == 1
    assert claim(queued) == []


def test_a_sent_copy_is_done(queued: Flow) -> None:
    (letter,) = claim(queued)
    assert settle(queued, letter, Outcome.SENT).state is Sending.SENT
    queued.wait(days=6)
    assert claim(queued) == []


def test_a_refused_copy_is_not_tried_again(queued: Flow) -> None:
    (letter,) = claim(queued)
    assert settle(queued, letter, Outcome.REFUSED).state is Sending.FAILED
    queued.wait(days=6)
    assert claim(queued) == []


def test_a_deferred_copy_comes_again_with_the_same_bytes_for_five_days(queued: Flow) -> None:
    first = None
    began = queued.now
    while letters := claim(queued):
        (letter,) = letters
        first = first or letter
        assert (letter.message, letter.recipient) == (first.message, first.recipient)
        delivery = settle(queued, letter, Outcome.DEFERRED)
        queued.now = min(delivery.due, queued.now + timedelta(days=30))
    assert delivery.state is Sending.FAILED
    assert timedelta(days=4) < delivery.settled - began < timedelta(days=5, hours=6)  # type: ignore[operator]


def test_a_copy_that_may_have_arrived_waits_and_is_tried_a_few_times(queued: Flow) -> None:
    tries = 0
    while letters := claim(queued):
        tries += 1
        delivery = settle(queued, letters[0], Outcome.UNKNOWN)
        assert delivery.state is Sending.UNKNOWN
        queued.wait(minutes=14)
        assert claim(queued) == []
        queued.wait(days=1)
    assert tries == 3


def test_deferrals_do_not_use_up_the_tries_of_the_unknown(queued: Flow) -> None:
    for _ in range(5):
        settle(queued, claim(queued)[0], Outcome.DEFERRED)
        queued.wait(hours=5)
    delivery = settle(queued, claim(queued)[0], Outcome.UNKNOWN)
    assert delivery.due < queued.now + timedelta(hours=6)


def test_when_no_try_was_answered_the_host_is_told_that_it_may_have_arrived(queued: Flow) -> None:
    queued.reply("dana@coach.test", Flow.sent(queued)[0], "Gladly.")
    while letters := queued.run(outbox.claim, 10):
        if told := [one for one in letters if one.recipient == "dana@coach.test"]:
            break
        silent = said("the mail server gave no answer in time")
        queued.run(outbox.settle, [Result(letters[0].id, Outcome.UNKNOWN, silent)])
        queued.wait(hours=1)
    (notice,) = told
    assert b"Subject: Perhaps not delivered: Re: A question" in bytes(notice.message)
    text = b" ".join(bytes(notice.message).split())
    assert b"It may have arrived" in text
    assert b"What happened: the mail server gave no answer in time" in text
    assert notice.sender == ""


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_crash_interrupted_goes_again_at_once(queued: Flow) -> None:
    (letter,) = claim(queued)
    queued.run(outbox.recover)
    (again,) = claim(queued)
    assert again.message == letter.message
    assert again.attempts == 2


def elsewhere(flow: Flow, work: Callable[[Unit], T]) -> T:
    """As another process does it."""
    return flow.run(lambda unit: work(replace(unit, node="node-2")))


def test_what_a_process_does_not_renew_is_taken_over_as_it_may_have_arrived(queued: Flow) -> None:
    (letter,) = claim(queued)
    for _ in range(10):
        queued.wait(seconds=50)
        queued.run(outbox.renew, [letter.id])
        assert elsewhere(queued, lambda unit: outbox.claim(unit, 10)) == []
    queued.wait(seconds=61)
    (again,) = elsewhere(queued, lambda unit: outbox.claim(unit, 10))
    assert (again.message, again.attempts) == (letter.message, 2)
    delivery = queued.run(lambda unit: unit.db.get(Delivery, letter.id))
    assert (delivery.owner, delivery.unknowns) == ("node-2", 1)


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.UNKNOWN, Outcome.REFUSED])
def test_of_a_copy_that_was_taken_over_only_success_counts(queued: Flow, outcome: Outcome) -> None:
    (letter,) = claim(queued)
    queued.wait(seconds=61)
    assert elsewhere(queued, lambda unit: outbox.claim(unit, 10))
    queued.run(outbox.renew, [letter.id])
    assert settle(queued, letter, outcome).state is Sending.SENDING
    assert settle(queued, letter, Outcome.SENT).state is Sending.SENT
    late = [Result(letter.id, outcome, "as it went")]
    elsewhere(queued, lambda unit: outbox.settle(unit, late))
    queued.wait(days=1)
    assert claim(queued) == []


def test_a_result_of_a_copy_that_is_gone_keeps_no_other_from_being_recorded(queued: Flow) -> None:
    (letter,) = claim(queued)
    gone = Result(letter.id + 999, Outcome.SENT, "250 ok")
    queued.run(outbox.settle, [gone, Result(letter.id, Outcome.SENT, "250 ok")])
    assert queued.run(lambda unit: unit.db.get(Delivery, letter.id)).state is Sending.SENT


def queue(unit: Unit, *recipients: str) -> None:
    for recipient in recipients:
        queue_copies(unit, [], [Copy(Person("", recipient), b"\r\n")], subject="", message_id="")


def test_the_oldest_go_first_and_of_one_domain_only_some(flow: Flow) -> None:
    names = [f"{n}@slow.test" for n in range(5)] + ["5@A.test", "6@b.test", "7@a.test", "8@a.test"]
    for name in names:
        flow.run(queue, name)
        flow.wait(seconds=1)
    letters = flow.run(outbox.claim, 6, for_one_domain=2, under_way=["slow.test", "a.test"])
    assert [one.recipient for one in letters] == ["0@slow.test", "5@A.test", "6@b.test"]
    letters = flow.run(outbox.claim, 3)
    assert [one.recipient for one in letters] == ["1@slow.test", "2@slow.test", "3@slow.test"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_claim_finds_what_is_due_in_an_index_alone(flow: Flow) -> None:
    """In its order, and past the domains that are full: what waits for them is not looked at."""
    flow.run(queue, *(f"{n}@slow.test" for n in range(5)))
    connection: Any = flow.store._database
    asked: list[str] = []
    connection.connection().set_trace_callback(asked.append)
    flow.run(outbox.claim, 8, for_one_domain=2, under_way=["slow.test", "slow.test", "a.test"])
    connection.connection().set_trace_callback(None)
    (sql,) = [one for one in asked if one.startswith("SELECT")]
    plan = [row[3] for row in connection.execute_sql(f"EXPLAIN QUERY PLAN {sql}")]
    assert "'slow.test'" in sql
    assert plan == ["SEARCH t1 USING INDEX delivery_due_id_domain (due<?)"]


def test_a_reminder_that_comes_too_late_is_not_sent(flow: Flow) -> None:
    flow.run(queue, "joe@client.test")
    (delivery,) = flow.run(lambda unit: unit.db.all(Delivery))
    flow.run(lambda unit: unit.db.change(delivery, until=flow.now + timedelta(hours=1)))
    flow.wait(hours=1)
    assert flow.run(outbox.claim, 10) == []
    assert flow.run(lambda unit: unit.db.get(Delivery, delivery.id)).state is Sending.EXPIRED
    assert flow.run(showing.unsent)[0]["state"] == "expired"


def test_a_restart_tries_what_was_deferred(queued: Flow) -> None:
    settle(queued, claim(queued)[0], Outcome.DEFERRED)
    assert claim(queued) == []
    queued.run(outbox.recover)
    assert len(claim(queued)) == 1


def test_an_operator_may_ask_for_another_try(queued: Flow) -> None:
    (letter,) = claim(queued)
    settle(queued, letter, Outcome.REFUSED)
    queued.run(outbox.retry, letter.id)
    assert len(claim(queued)) == 1
