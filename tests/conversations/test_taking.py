"""Mails that were taken and wait: which are taken up together, and which alone."""

from collections.abc import Collection

from mailflow.conversations.held import release
from mailflow.conversations.taking import set_aside, take, take_up
from mailflow.mail.envelope import Envelope
from mailflow.store.states import Taken
from mailflow.store.tables import TakenMail
from mailflow.store.unit import Unit
from tests.flow import Flow


def take_some(unit: Unit) -> None:
    for number in range(4):
        raw = f"Subject: {number}\r\n\r\n".encode()
        take(unit, [Envelope("joe@client.test", ("dana@flow.test",), "127.0.0.1", "c.test", raw)])


def taken_up(flow: Flow, limit: int, under_way: Collection[int] = ()) -> list[int]:
    return [job.taken.id for job in flow.run(take_up, limit, under_way)]


def test_what_was_under_way_when_mailflow_ended_is_taken_up_one_by_one(flow: Flow) -> None:
    """Two were; one of them ends it again and again, and is parked. The other has two tries less than it."""
    flow.run(take_some)
    assert taken_up(flow, 2) == [1, 2]
    assert taken_up(flow, 10) == taken_up(flow, 10) == [1]
    assert taken_up(flow, 10) == [2]
    first, second, *others = flow.run(lambda unit: unit.db.all(TakenMail))
    assert (first.state, second.state, second.attempts) == (Taken.PARKED, Taken.TAKEN, 2)
    assert {one.attempts for one in others} == {0}
    flow.run(set_aside, 2, Taken.HELD, "read")
    assert taken_up(flow, 10) == [3, 4]


def test_what_is_released_is_taken_up_at_once_whoever_had_it(flow: Flow) -> None:
    flow.run(take_some)
    assert taken_up(flow, 1) == [1]
    flow.run(set_aside, 1, Taken.PARKED, "failed 3 times: ValueError")
    flow.run(lambda unit: unit.db.change(unit.db.get(TakenMail, 1), owner="a process that ended"))
    flow.run(release, 1)
    assert taken_up(flow, 1) == [1]


def test_what_is_under_way_is_passed_over_and_what_was_tried_before_waits_for_it(
    flow: Flow,
) -> None:
    flow.run(take_some)
    assert taken_up(flow, 2) == [1, 2]
    assert taken_up(flow, 1, under_way=[1, 2]) == [3]
    assert taken_up(flow, 10, under_way=[1, 3]) == []
    flow.run(set_aside, 1, Taken.HELD, "read")
    assert taken_up(flow, 10, under_way=[3]) == []
    flow.run(set_aside, 3, Taken.HELD, "read")
    assert taken_up(flow, 10) == taken_up(flow, 10) == [2]
    assert taken_up(flow, 10, under_way=[2]) == [4]
    assert flow.run(lambda unit: unit.db.get(TakenMail, 2)).state is Taken.TAKEN
