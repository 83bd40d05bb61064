"""Reminders: at their times, late after a stop, once whatever happens, and none of what was changed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailflow.appointments import bookings, reminders
from mailflow.mail.outgoing import Letter, Outcome, Result
from mailflow.post import outbox
from mailflow.store import open_store
from mailflow.store.states import Sending
from mailflow.store.tables import Booking, Delivery, Reminder
from tests.appointments.test_booking import book, offered, the_booking
from tests.conversations.test_conversation import JOE
from tests.flow import SETTINGS, Flow

WEDNESDAY = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
"""When the day begins in Berlin."""

DAY = timedelta(days=1)


def remind_in(flow: Flow, slug: str = "coaching") -> Booking:
    """A booking, its confirmation sent, at the moment when its reminder is due."""
    booking = book(flow, slug, WEDNESDAY)
    flow.sent()
    flow.now = booking.start - DAY
    return booking


Change = Callable[[Flow, Booking], None]


def claimed(flow: Flow) -> list[Letter]:
    """The copies that are due, being sent from now on."""
    return flow.run(outbox.claim, 1000)


def states(flow: Flow) -> set[str]:
    """How far the copies of the reminder are."""
    copies = flow.run(lambda unit: unit.db.all(Delivery))
    return {copy.state for copy in copies if b"Mailflow-Kind: reminder" in copy.head}


def test_they_go_out_once_and_in_the_thread(flow: Flow) -> None:
    offer = offered(flow, "/offer coaching 2026-12-01T10:00")
    flow.reply(JOE, offer, "1")
    flow.wait(days=7, hours=-1)
    assert flow.run(reminders.send_due) == 0
    flow.wait(hours=1, minutes=1)
    flow.run(reminders.send_due)
    sent = flow.sent()
    assert {copy["Mailflow-Kind"] for copy in sent} == {"reminder"}
    assert {copy["Mailflow-Conversation"] for copy in sent} == {offer["Mailflow-Conversation"]}
    assert flow.run(reminders.send_due) == 0


def test_none_for_a_time_that_was_past_already(flow: Flow) -> None:
    offer = offered(flow, "/offer coaching 2026-11-23T14:00")
    flow.reply(JOE, offer, "1")
    flow.wait(hours=1)
    assert flow.run(reminders.send_due) == 0


@pytest.fixture
def often(tmp_path: Path) -> Iterator[Flow]:
    """A mailflow that reminds of a coaching three times."""
    times = 'slug = "coaching"\nreminders = ["24h", "4h", "1h"]'
    made = Flow(tmp_path, SETTINGS.replace('slug = "coaching"', times))
    yield made
    made.close()


def test_each_time_has_its_own(often: Flow) -> None:
    booking = remind_in(often)
    for hours in (24, 4, 1):
        often.now = booking.start - timedelta(hours=hours, seconds=1)
        assert often.run(reminders.send_due) == 0
        often.wait(seconds=1)
        assert often.run(reminders.send_due) == 1
        assert len(often.sent()) == 2


@pytest.mark.parametrize(("minutes", "mails"), [(-180, 2), (-1, 2), (0, 0), (1, 0), (3000, 0)])
def test_after_a_stop_one_goes_late_but_never_after_the_start(
    often: Flow, minutes: int, mails: int
) -> None:
    booking = remind_in(often)
    often.now = booking.start + timedelta(minutes=minutes)
    assert often.run(reminders.send_due) > 0
    assert len(often.sent()) == mails, "however many were missed"
    assert often.run(reminders.send_due) == 0


@pytest.mark.parametrize("slug", ["coaching", "quick"])
def test_one_that_waited_in_the_queue_is_not_sent_after_the_start(flow: Flow, slug: str) -> None:
    booking = remind_in(flow, slug)
    flow.run(reminders.send_due)
    flow.now = booking.start
    assert flow.sent() == []
    assert states(flow) == {Sending.EXPIRED}


def test_a_restart_sends_none_twice(flow: Flow) -> None:
    remind_in(flow)
    flow.run(reminders.send_due)
    for node in ("node-2", "node-3"):
        store = open_store(replace(flow.house, node=node))
        store.run_now(outbox.recover)
        assert store.run_now(reminders.send_due) == 0
        store.close()
    assert len(flow.sent()) == 2
    assert flow.run(reminders.send_due) == 0


def move_on(flow: Flow, booking: Booking) -> None:
    flow.run(bookings.move, booking, booking.start + timedelta(days=7))


def cancel(flow: Flow, booking: Booking) -> None:
    flow.run(bookings.cancel, booking)


@pytest.mark.parametrize("change", [move_on, cancel])
@pytest.mark.parametrize("slug", ["coaching", "quick"])
def test_one_in_the_queue_does_not_outlive_a_change(flow: Flow, slug: str, change: Change) -> None:
    remind_in(flow, slug)
    flow.run(reminders.send_due)
    change(flow, the_booking(flow))
    assert {copy["Mailflow-Kind"] for copy in flow.sent()} == {"booking"}
    assert states(flow) == {Sending.EXPIRED}


@pytest.mark.parametrize("change", [move_on, cancel])
@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.UNKNOWN])
def test_one_under_way_is_not_tried_again_after_a_change(
    flow: Flow, outcome: Outcome, change: Change
) -> None:
    remind_in(flow)
    flow.run(reminders.send_due)
    letters = claimed(flow)
    change(flow, the_booking(flow))
    flow.run(outbox.settle, [Result(one.id, outcome, "450 later") for one in letters])
    flow.wait(hours=1)
    assert {copy["Mailflow-Kind"] for copy in flow.sent()} == {"booking"}
    assert states(flow) == {Sending.EXPIRED}


def test_a_change_plans_them_anew(flow: Flow) -> None:
    booking = remind_in(flow)
    flow.run(reminders.send_due)
    flow.sent()
    move_on(flow, the_booking(flow))
    flow.sent()
    waiting = flow.run(lambda unit: unit.db.all(Reminder, sent=False))
    assert [one.at for one in waiting] == [booking.start + timedelta(days=6)]
    flow.wait(days=7)
    assert flow.run(reminders.send_due) == 1
    assert {copy["Mailflow-Kind"] for copy in flow.sent()} == {"reminder"}


def test_none_of_what_was_cancelled(flow: Flow) -> None:
    booking = book(flow, "coaching", WEDNESDAY)
    cancel(flow, booking)
    flow.sent()
    flow.now = booking.start - DAY
    assert flow.run(reminders.send_due) == 0
