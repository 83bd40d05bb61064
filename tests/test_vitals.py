from datetime import timedelta

import pytest

from mailflow import vitals
from mailflow.conversations.by_hand import begin
from mailflow.conversations.taking import set_aside, take
from mailflow.mail.envelope import Envelope
from mailflow.mail.outgoing import Outcome, Result
from mailflow.post import outbox
from mailflow.store.states import Taken
from mailflow.vitals import AGAIN, ALARMING, RETRY, SUSPICIOUS
from tests.flow import Flow

MAIL = b"From: ann@client.test\r\nTo: dana@flow.test\r\nSubject: Hi\r\n\r\nHello\r\n"


def taken(flow: Flow) -> int:
    envelope = Envelope("ann@client.test", ("dana@flow.test",), "127.0.0.1", "client.test", MAIL)
    return flow.run(take, [envelope])[0]


def waiting(flow: Flow) -> list[str]:
    """What stands still, in words."""
    found = flow.run(vitals.look)
    return [vitals.say(queue, found.now) for queue in found.late(SUSPICIOUS)]


def alarms(flow: Flow) -> list[str]:
    return [queue.name for queue in flow.run(vitals.alarms_due)]


def test_nothing_waits_in_a_new_house(flow: Flow) -> None:
    found = flow.run(vitals.look)
    assert [(queue.name, queue.number, queue.oldest) for queue in found.queues] == [
        ("taken", 0, None),
        ("copies", 0, None),
        ("parked", 0, None),
        ("held", 0, None),
    ]
    assert found.last_sent is None
    assert waiting(flow) == alarms(flow) == []


def test_a_mail_that_nobody_works_on_is_suspicious_then_alarming(flow: Flow) -> None:
    taken(flow)
    flow.now += SUSPICIOUS
    taken(flow)
    assert waiting(flow) == []
    flow.wait(minutes=1)
    assert waiting(flow) == ["mails to be worked on: 2, the oldest for 6 minutes"]
    assert alarms(flow) == []
    flow.now += ALARMING
    assert alarms(flow) == ["taken"]


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, None], ids=["deferred", "under way"])
def test_a_copy_that_does_not_get_out_is_suspicious(flow: Flow, outcome: Outcome | None) -> None:
    flow.run(begin, "dana", ["ann@client.test"], "Hello", "How are you?")
    (letter,) = flow.run(outbox.claim, 10)
    if outcome:
        flow.run(outbox.settle, [Result(letter.id, outcome, "451 later")])
    flow.now += SUSPICIOUS + timedelta(seconds=1)
    assert waiting(flow) == ["copies to be sent: 1, the oldest for 5 minutes"]
    flow.run(outbox.settle, [Result(letter.id, Outcome.SENT, "250 taken")])
    assert waiting(flow) == []
    assert flow.run(vitals.look).last_sent == flow.now


def test_a_parked_mail_alarms(flow: Flow) -> None:
    flow.run(set_aside, taken(flow), Taken.PARKED, "failed 3 times: ValueError")
    flow.now += ALARMING
    assert alarms(flow) == []
    flow.wait(seconds=1)
    assert alarms(flow) == ["parked"]
    assert waiting(flow) == []


def test_an_alarm_is_told_once_a_day(flow: Flow) -> None:
    taken(flow)
    flow.now += ALARMING + timedelta(seconds=1)
    queues = flow.run(vitals.alarms_due)
    flow.run(vitals.alarm_told, queues)
    assert alarms(flow) == []
    flow.now += AGAIN
    assert alarms(flow) == ["taken"]


def test_an_alarm_that_could_not_be_told_comes_again(flow: Flow) -> None:
    taken(flow)
    flow.now += ALARMING + timedelta(seconds=1)
    assert alarms(flow) == ["taken"]
    assert alarms(flow) == []
    flow.now += RETRY
    assert alarms(flow) == ["taken"]


def test_what_moves_again_is_forgotten(flow: Flow) -> None:
    ident = taken(flow)
    flow.now += ALARMING + timedelta(seconds=1)
    assert alarms(flow) == ["taken"]
    flow.run(set_aside, ident, Taken.DROPPED, "tried out")
    assert alarms(flow) == []
    taken(flow)
    flow.now += ALARMING + timedelta(seconds=1)
    assert alarms(flow) == ["taken"]
