"""The queue of copies: each goes out until it is through, with the same bytes every time."""

from datetime import timedelta

import pytest

from mailflow.mail.outgoing import Letter, Outcome, Result
from mailflow.post import outbox
from mailflow.store.states import Sending
from mailflow.store.tables import Delivery
from tests.flow import Flow


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


def test_what_a_crash_interrupted_goes_again_at_once(queued: Flow) -> None:
    (letter,) = claim(queued)
    queued.run(outbox.recover)
    (again,) = claim(queued)
    assert again.message == letter.message
    assert again.attempts == 2


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
