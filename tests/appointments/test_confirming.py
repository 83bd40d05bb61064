"""A public booking for an address that never wrote to the host waits for its owner's word."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailflow.appointments import bookings
from mailflow.appointments.bookings import Wanted
from mailflow.appointments.confirming import KEPT, MOST_A_DAY, confirm, lapse_due
from mailflow.appointments.listing import all_bookings
from mailflow.errors import Expired, SlotTaken, TooLate, TooMany
from mailflow.mail.addresses import Person
from mailflow.store.states import Status
from mailflow.store.tables import Booking, Conversation, Reminder, Reserved
from tests.flow import SETTINGS, Flow, Sent, to

MINE = "joe@client.test"
TUESDAY = datetime(2026, 11, 24, 9, 40, tzinfo=UTC)

ASKING = SETTINGS.replace('slug = "coaching"', 'slug = "coaching"\nconfirm_public = true').replace(
    'slug = "quick"', 'slug = "quick"\nconfirm_public = true'
)


@pytest.fixture
def flow(tmp_path: Path) -> Iterator[Flow]:
    made = Flow(tmp_path, ASKING)
    yield made
    made.close()


def book(
    flow: Flow, client: str = MINE, start: datetime = TUESDAY, slug: str = "coaching"
) -> Booking:
    kind = flow.config.appointment_type(slug)
    answers = [("What about?", "This")] if slug == "quick" else []
    wanted = Wanted(kind, start, Person("Joe", client), answers=answers)
    return flow.run(bookings.book, wanted)


def status(flow: Flow, booking: Booking) -> Status:
    return flow.run(lambda unit: unit.db.get(Booking, booking.id)).status


def asked(flow: Flow) -> Sent:
    (mail,) = flow.sent()
    return mail


def test_the_owner_of_the_mailbox_alone_is_asked(flow: Flow) -> None:
    booking = book(flow)
    mail = asked(flow)
    assert mail.recipient == MINE
    assert mail["Mailflow-Kind"] == "notice"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"].startswith("Please confirm: Coaching session with Dana Coach")
    assert mail.address.startswith("dana+")
    assert "https://flow.test/confirm/" in mail.text
    assert "until 10:30" in mail.text
    assert "text/calendar" not in mail.raw.decode()
    assert book(flow).id == booking.id, "the same wish again is the same booking"
    assert flow.sent() == []
    (facts,) = flow.run(all_bookings)
    assert (facts["status"], facts["conversation"]) == ("pending", None)
    assert flow.run(lambda unit: unit.db.all(Reminder)) == []


def test_the_time_is_kept_meanwhile(flow: Flow) -> None:
    book(flow)
    with pytest.raises(SlotTaken):
        book(flow, "ann@client.test")


def test_confirmed_twice_it_is_announced_once(flow: Flow) -> None:
    booking = book(flow)
    asked(flow)
    flow.wait(minutes=29)
    flow.run(confirm, booking)
    assert sorted(one.recipient for one in flow.sent()) == ["dana@coach.test", MINE]
    flow.run(confirm, booking)
    assert flow.sent() == []
    assert status(flow, booking) is Status.CONFIRMED
    assert len(flow.run(lambda unit: unit.db.all(Reminder))) == 1
    flow.wait(hours=1)
    assert flow.run(lapse_due) == 0


def test_an_unconfirmed_booking_lapses_in_silence(flow: Flow) -> None:
    booking = book(flow)
    asked(flow)
    flow.wait(minutes=29)
    assert flow.run(lapse_due) == 0
    flow.wait(minutes=1)
    with pytest.raises(Expired):
        flow.run(confirm, booking)
    assert flow.run(lapse_due) == 1
    assert flow.run(lapse_due) == 0
    assert status(flow, booking) is Status.CANCELLED
    assert flow.run(lambda unit: unit.db.all(Reserved)) == []
    assert flow.sent() == []
    with pytest.raises(Expired):
        flow.run(confirm, flow.run(lambda unit: unit.db.get(Booking, booking.id)))
    assert book(flow, "ann@client.test").status is Status.PENDING


def test_who_wrote_to_the_host_is_not_asked(flow: Flow) -> None:
    flow.mail("Joe@Client.test", "dana@flow.test", "Hello.")
    assert book(flow).status is Status.CONFIRMED


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Auto_Submitted": "auto-replied"}, id="a program"),
        pytest.param({"From": "ann@client.test", "Cc": MINE}, id="somebody who names them"),
    ],
)
def test_who_was_only_named_is_asked(flow: Flow, headers: dict[str, Any]) -> None:
    flow.mail(MINE, "dana@flow.test", "Hello.", **headers)
    assert book(flow).status is Status.PENDING


def test_who_wrote_to_another_host_is_asked(flow: Flow) -> None:
    flow.mail(MINE, "erik@flow.test", "Hello.")
    assert book(flow).status is Status.PENDING


def test_a_pending_booking_is_not_moved_and_its_cancelling_is_told_to_nobody(flow: Flow) -> None:
    booking = book(flow)
    asked(flow)
    with pytest.raises(TooLate):
        flow.run(bookings.move, booking, TUESDAY + timedelta(minutes=50))
    assert flow.run(bookings.cancel, booking).status is Status.CANCELLED
    assert flow.sent() == []


@pytest.mark.parametrize(
    "text", ["yes", "Yes!", "Ja.", "si", "OK.\n\n> Or answer this mail with: yes"]
)
def test_a_yes_confirms_and_is_not_passed_on(flow: Flow, text: str) -> None:
    booking = book(flow)
    sent = flow.reply(MINE, asked(flow), text)
    assert status(flow, booking) is Status.CONFIRMED
    assert {one["Mailflow-Kind"] for one in sent} == {"booking"}
    assert len(sent) == 2


def test_an_answer_with_more_to_say_is_passed_on_as_well(flow: Flow) -> None:
    booking = book(flow)
    sent = flow.reply(MINE, asked(flow), "Yes, it was me. I bring a friend.")
    assert status(flow, booking) is Status.CONFIRMED
    hosts = [one for one in sent if one.recipient == "dana@coach.test"]
    assert [one["Mailflow-Kind"] for one in hosts] == ["booking", "relay"]
    assert "I bring a friend." in hosts[1].text
    assert {one["Mailflow-Conversation"] for one in hosts} == {booking.thread}


def test_a_yes_to_a_booking_outside_any_conversation_opens_none(flow: Flow) -> None:
    booking = book(flow, slug="quick", start=TUESDAY.replace(minute=0))
    sent = flow.reply(MINE, asked(flow), "yes")
    assert status(flow, booking) is Status.CONFIRMED
    assert {one["Mailflow-Kind"] for one in sent} == {"booking"}
    assert flow.run(lambda unit: unit.db.all(Conversation)) == []


@pytest.mark.parametrize(
    "text",
    [
        "No",
        "no, I never asked for this",
        "Cancel.",
        "Not me!",
        "Nein, das war ich nicht.",
        "Annuler",
    ],
)
def test_a_no_frees_the_time(flow: Flow, text: str) -> None:
    booking = book(flow)
    assert flow.reply(MINE, asked(flow), text) == []
    assert status(flow, booking) is Status.CANCELLED


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        pytest.param("mallory@evil.test", {}, id="a stranger"),
        pytest.param("dana@coach.test", {}, id="the host"),
        pytest.param(MINE, {"Auto_Submitted": "auto-replied"}, id="a vacation answer"),
    ],
)
def test_nobody_else_confirms(flow: Flow, sender: str, headers: dict[str, Any]) -> None:
    booking = book(flow)
    sent = flow.reply(sender, asked(flow), "yes", **headers)
    assert status(flow, booking) is Status.PENDING
    assert MINE not in [one.recipient for one in sent]
    assert flow.run(lambda unit: unit.db.find(Conversation, id=booking.thread)) is None


def test_a_late_yes_reaches_the_host(flow: Flow) -> None:
    book(flow)
    mail = asked(flow)
    flow.wait(minutes=45)
    flow.run(lapse_due)
    assert to(flow.reply(MINE, mail, "yes"), "dana@coach.test")["Mailflow-Kind"] == "relay"


def test_a_mailbox_is_not_flooded(flow: Flow) -> None:
    for number in range(MOST_A_DAY):
        day = datetime(2026, 11, 24 + number // 5, 8, tzinfo=UTC)
        book(flow, start=day + number % 5 * timedelta(minutes=50))
    assert len(flow.sent()) == MOST_A_DAY
    later = datetime(2026, 12, 1, 8, tzinfo=UTC)
    with pytest.raises(TooMany) as refused:
        book(flow, "JOE@client.test", later)
    assert refused.value.wait == timedelta(days=1)
    book(flow, "ann@client.test", later)
    flow.wait(days=1)
    flow.run(lapse_due)
    assert book(flow, start=later).status is Status.PENDING
    assert timedelta(minutes=30) == KEPT


def test_a_booking_is_moved_so_often(flow: Flow) -> None:
    flow.mail(MINE, "dana@flow.test", "Hello.")
    booking = book(flow)
    worn = flow.run(lambda unit: unit.db.change(booking, sequence=bookings.MOST_MOVES))
    with pytest.raises(TooLate):
        flow.run(bookings.move, worn, TUESDAY + timedelta(minutes=50))
    assert flow.run(bookings.cancel, worn).status is Status.CANCELLED
