"""Bookings: from an offer by answer and by address, their announcement by policy, their changes."""

from datetime import timedelta
from email.message import MIMEPart
from typing import Any

import icalendar
import pytest

from mailflow.appointments import bookings, links, slots
from mailflow.errors import SlotTaken
from mailflow.mail.addresses import Person
from mailflow.spans import Span
from mailflow.store.queries import reserve
from mailflow.store.states import Kind
from mailflow.store.tables import (
    Attendee,
    Booking,
    Conversation,
    Message,
    Offer,
    OfferedSlot,
    Participant,
)
from mailflow.store.unit import Unit
from tests.conversations.test_conversation import ANN, DANA, JOE, first_contact
from tests.flow import Flow, Sent, to


def offered(flow: Flow, command: str = "/offer coaching") -> Sent:
    """An offer of Dana's as Joe got it."""
    return to(flow.reply(DANA, first_contact(flow), command), "joe@client.test")


def the_booking(flow: Flow) -> Booking:
    (booking,) = flow.run(lambda unit: unit.db.all(Booking))
    return booking


def slot_address(flow: Flow) -> str:
    """The address of the first slot of the one offer, as Joe has it."""

    def find(unit: Unit) -> str:
        (offer,) = unit.db.all(Offer)
        client = unit.db.find(Participant, address_key="joe@client.test")
        assert client is not None
        return links.slot_mailto(unit, offer, 1, client)

    return flow.run(find).removeprefix("mailto:").partition("?")[0]


def event(copy: Sent) -> Any:
    (part,) = [one for one in copy.message.walk() if one.get_content_type() == "text/calendar"]
    payload: Any = part.get_payload(decode=True)
    return icalendar.Calendar.from_ical(payload).walk("VEVENT")[0]


def book(flow: Flow, slug: str, start: Any) -> Booking:
    kind = flow.config.appointment_type(slug)
    answers = [("What about?", "Everything")] if kind.questions else []
    wanted = bookings.Wanted(kind, start, Person("Joe", "joe@client.test"), None, answers)
    return flow.run(bookings.book, wanted)


def first_free(flow: Flow, slug: str) -> Any:
    kind = flow.config.appointment_type(slug)
    within = Span(flow.now, flow.now + kind.horizon)
    return flow.run(slots.free, kind, within)[0].start


@pytest.mark.parametrize("answer", ["2", "#2", "option 2", "Option 2\n\n> quoted"])
def test_a_number_books(flow: Flow, answer: str) -> None:
    offer = offered(flow)
    sent = flow.reply(JOE, offer, answer)
    assert {copy.recipient for copy in sent} == {"joe@client.test", "dana@coach.test"}
    assert {copy["Mailflow-Kind"] for copy in sent} == {"booking"}
    slots = flow.run(lambda unit: unit.db.all(OfferedSlot, number=2))
    assert the_booking(flow).start == slots[0].start


def test_exactly_an_offered_time_books(flow: Flow) -> None:
    offer = offered(flow, "/offer coaching 2026-12-01T10:00 2026-12-01T11:00")
    flow.reply(JOE, offer, "2026-12-01 11:00")
    assert the_booking(flow).start.hour == 10


@pytest.mark.parametrize("answer", ["7", "2 please", "the second", "2026-12-01 11:01", "22"])
def test_anything_else_is_a_message(flow: Flow, answer: str) -> None:
    (copy,) = flow.reply(JOE, offered(flow), answer)
    assert (copy.recipient, copy["Mailflow-Kind"]) == ("dana@coach.test", "relay")


def test_a_choice_with_more_words_is_passed_on_without_it(flow: Flow) -> None:
    sent = flow.reply(JOE, offered(flow), "2\n\nLooking forward to it.")
    (passed,) = [copy for copy in sent if copy["Mailflow-Kind"] == "relay"]
    assert passed.text.strip() == "Looking forward to it."


def test_any_mail_to_a_slots_address_books_it(flow: Flow) -> None:
    offered(flow)
    flow.mail(JOE, slot_address(flow), "")
    assert the_booking(flow).status == "confirmed"


@pytest.mark.parametrize("slot_first", [True, False])
def test_a_mail_to_a_slot_and_to_the_conversation_books_it(flow: Flow, slot_first: bool) -> None:
    named = [offered(flow).address, slot_address(flow)]
    sent = flow.mail(JOE, sorted(named, reverse=not slot_first), "See you there.")
    assert the_booking(flow).status == "confirmed"
    assert [copy["Mailflow-Kind"] for copy in sent].count("relay") == 1


def test_somebody_elses_mail_to_a_slots_address_books_nothing(flow: Flow) -> None:
    offered(flow)
    (question,) = flow.mail(ANN, slot_address(flow), "")
    assert question.recipient == "dana@coach.test"
    assert flow.run(lambda unit: unit.db.all(Booking)) == []


def test_a_slots_address_past_its_life_books_nothing(flow: Flow) -> None:
    offered(flow, "/offer coaching 2026-12-10T10:00")
    flow.wait(days=8)
    flow.mail(JOE, slot_address(flow), "")
    assert flow.run(lambda unit: unit.db.all(Booking)) == []


def test_another_choice_moves_the_booking(flow: Flow) -> None:
    offer = offered(flow)
    flow.reply(JOE, offer, "2")
    sent = flow.reply(JOE, offer, "3")
    booking = the_booking(flow)
    assert booking.sequence == 1
    assert {event(copy)["SEQUENCE"] for copy in sent} == {1}
    assert "Moved" in to(sent, "joe@client.test").text


def test_the_same_choice_again_changes_nothing(flow: Flow) -> None:
    offer = offered(flow)
    flow.reply(JOE, offer, "2")
    assert flow.reply(JOE, offer, "2") == []


def test_an_invite_is_for_its_recipient_alone(flow: Flow) -> None:
    sent = flow.reply(JOE, offered(flow), "1")
    for copy in sent:
        invite = event(copy)
        assert str(invite["ATTENDEE"]) == f"mailto:{copy.recipient}"
        assert str(invite["ORGANIZER"]) == f"mailto:{copy.address}"
        assert invite["UID"] == f"{the_booking(flow).id}@flow.test"
    assert event(to(sent, "dana@coach.test"))["ATTENDEE"].params["ROLE"] == "CHAIR"


def test_an_invite_mail_has_the_tree_that_clients_know(flow: Flow) -> None:
    copy = to(flow.reply(JOE, offered(flow), "1"), "joe@client.test")

    def tree(part: MIMEPart) -> Any:
        inner = [tree(one) for one in part.iter_parts()] if part.is_multipart() else []
        return (part.get_content_type(), inner) if inner else part.get_content_type()

    alternative = ("multipart/alternative", ["text/plain", "text/html", "text/calendar"])
    assert tree(copy.message) == ("multipart/mixed", [alternative, "application/ics"])


def test_the_record_has_what_the_invite_says(flow: Flow) -> None:
    invite = event(to(flow.reply(JOE, offered(flow), "1"), "joe@client.test"))
    recorded = flow.run(lambda unit: unit.db.all(Message)[-1])
    assert recorded.kind is Kind.BOOKING
    when = "Monday 23 November 2026, 13:00"
    assert when in invite["DESCRIPTION"]
    for fact in (when, str(invite["SUMMARY"]), str(invite["LOCATION"])):
        assert fact in recorded.text


def test_cancel_and_move_by_answer(flow: Flow) -> None:
    booked = to(flow.reply(JOE, offered(flow), "6"), "joe@client.test")
    other = to(flow.reply(JOE, booked, "move"), "joe@client.test")
    assert other["Mailflow-Kind"] == "offer"
    moved = to(flow.reply(JOE, other, "4"), "joe@client.test")
    assert the_booking(flow).sequence == 1
    sent = flow.reply(JOE, moved, "cancel")
    assert the_booking(flow).status == "cancelled"
    invite = event(to(sent, "joe@client.test"))
    assert (invite["STATUS"], invite["SEQUENCE"]) == ("CANCELLED", 2)


def test_the_host_moves_and_cancels_by_command(flow: Flow) -> None:
    booked = to(flow.reply(JOE, offered(flow), "1"), "dana@coach.test")
    flow.reply(DANA, booked, "/move 2026-12-02T18:00")
    assert the_booking(flow).start.isoformat() == "2026-12-02T17:00:00+00:00"
    flow.reply(DANA, booked, "/cancel")
    assert the_booking(flow).status == "cancelled"


def test_a_cancelled_time_is_free_at_once(flow: Flow) -> None:
    start = first_free(flow, "coaching")
    booking = book(flow, "coaching", start)
    with pytest.raises(SlotTaken):
        flow.run(
            bookings.book,
            bookings.Wanted(
                flow.config.appointment_type("coaching"), start, Person("", "x@y.test")
            ),
        )
    flow.run(bookings.cancel, booking)
    assert first_free(flow, "coaching") == start


def test_overlapping_bookings_are_refused_by_the_database(flow: Flow) -> None:
    def overlap(unit: Any, minutes: int) -> None:
        start = unit.now + timedelta(minutes=minutes)
        reserve(unit.db, f"b{minutes}", ["dana"], Span(start, start + timedelta(minutes=30)))

    flow.run(overlap, 0)
    flow.run(overlap, 30)
    for minutes in (-29, -1, 1, 15, 29, 31, 59):
        with pytest.raises(SlotTaken):
            flow.run(overlap, minutes)


def test_new_unless_existing_from_an_offer_is_told_in_the_conversation(flow: Flow) -> None:
    offer = offered(flow)
    copy = to(flow.reply(JOE, offer, "1"), "joe@client.test")
    assert copy["Mailflow-Conversation"] == offer["Mailflow-Conversation"]
    assert copy["Subject"] == "Re: A question"
    assert offer["Message-ID"] in copy["References"]


def test_always_new_from_an_offer_is_told_in_a_new_conversation(flow: Flow) -> None:
    offer = offered(flow, "/offer intake")
    sent = flow.reply(JOE, offer, "1")
    assert {copy.recipient for copy in sent} == {
        "joe@client.test",
        "dana@coach.test",
        "assistant@coach.test",
    }
    copy = to(sent, "joe@client.test")
    assert copy["Mailflow-Conversation"] != offer["Mailflow-Conversation"]
    assert copy["Subject"].startswith("First meeting with Dana Coach: ")
    assert not copy["References"] + copy["In-Reply-To"]
    assert copy["Thread-Index"][:28] != offer["Thread-Index"][:28]


def test_none_from_an_offer_is_told_outside_any_conversation(flow: Flow) -> None:
    offer = offered(flow, "/offer quick")
    sent = flow.reply(JOE, offer, "1")
    copy = to(sent, "joe@client.test")
    assert copy["Mailflow-Kind"] == "booking"
    assert not copy["References"] + copy["In-Reply-To"]
    before = flow.run(lambda unit: unit.db.all(Conversation))
    (answer,) = flow.reply(JOE, copy, "May I bring Ann?")
    assert answer.recipient == "dana@coach.test"
    after = flow.run(lambda unit: unit.db.all(Conversation))
    assert len(after) == len(before) + 1
    assert answer.address == copy.address


@pytest.mark.parametrize(("slug", "opens"), [("coaching", 1), ("intake", 1), ("quick", 0)])
def test_a_booking_from_the_scheduling_link(flow: Flow, slug: str, opens: int) -> None:
    booking = book(flow, slug, first_free(flow, slug))
    sent = flow.sent()
    kind = flow.config.appointment_type(slug)
    assert {copy.recipient for copy in sent} == {
        "joe@client.test",
        "dana@coach.test",
        *kind.participants,
    }
    copy = to(sent, "joe@client.test")
    assert copy["Subject"].startswith(f"{kind.title} with Dana Coach: ")
    assert len(flow.run(lambda unit: unit.db.all(Conversation))) == opens
    assert len(flow.run(lambda unit: unit.db.all(Attendee, booking=booking.id))) == len(sent)
    assert book(flow, slug, booking.start) == flow.run(
        lambda unit: unit.db.get(Booking, booking.id)
    )
    assert flow.sent() == []


def test_times_are_in_the_clients_zone_once_it_is_known(flow: Flow) -> None:
    first = offered(flow)

    def pick(unit: Any) -> None:
        offer = unit.db.all(Offer)[0]
        slot = unit.db.find(OfferedSlot, offer=offer.id, number=1)
        client = unit.db.find(Participant, address_key="joe@client.test")
        chosen = bookings.check_pick(unit, offer, slot.start, client)
        bookings.pick(unit, chosen, zone="America/New_York")

    flow.run(pick)
    copy = to(flow.sent(), "joe@client.test")
    assert "America/New_York" in copy.text
    del first


@pytest.mark.parametrize(
    "answer",
    [
        "Tuesday 1 December 2026, 11:00",
        "tuesday 1 december 2026 11:00 - 11:50",
        "Tuesday 11:00",
        "11:00",
        "11:00 \N{EN DASH} 11:50",
        "2)",
    ],
)
def test_a_time_as_the_offer_shows_it_books(flow: Flow, answer: str) -> None:
    offer = offered(flow, "/offer coaching 2026-12-01T10:00 2026-12-01T11:00")
    flow.reply(JOE, offer, answer)
    assert the_booking(flow).start.hour == 10


def test_a_time_of_two_days_is_no_choice(flow: Flow) -> None:
    offer = offered(flow, "/offer coaching 2026-12-01T10:00 2026-12-02T10:00")
    flow.reply(JOE, offer, "10:00")
    assert flow.run(lambda unit: unit.db.all(Booking)) == []


def test_what_is_written_to_a_slots_address_is_passed_on(flow: Flow) -> None:
    offered(flow)
    sent = flow.mail(JOE, slot_address(flow), "I need wheelchair access.")
    assert {copy["Mailflow-Kind"] for copy in sent} == {"booking", "relay"}
    assert the_booking(flow).status == "confirmed"


def test_after_a_cancellation_the_offer_books_anew(flow: Flow) -> None:
    offer = offered(flow)
    booked = to(flow.reply(JOE, offer, "6"), "joe@client.test")
    flow.reply(JOE, booked, "move")
    flow.reply(JOE, booked, "cancel")
    flow.reply(JOE, offer, "5")
    states = [one.status for one in flow.run(lambda unit: unit.db.all(Booking))]
    assert sorted(states) == ["cancelled", "confirmed"]


def test_a_choice_after_somebody_elses_is_the_hosts_to_answer(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    sent = flow.reply(DANA, asked, "/offer coaching")
    flow.reply(JOE, to(sent, "joe@client.test"), "1")
    copies = flow.reply(ANN, to(sent, "ann@friend.test"), "3")
    assert {copy["Mailflow-Kind"] for copy in copies} == {"relay"}
    assert the_booking(flow).client_address == "joe@client.test"


def test_past_the_cut_off_a_cancel_is_put_to_the_host(flow: Flow) -> None:
    offer = offered(flow, "/offer coaching 2026-12-01T10:00")
    booked = to(flow.reply(JOE, offer, "1"), "joe@client.test")
    flow.wait(days=7, hours=23)
    sent = flow.reply(JOE, booked, "cancel")
    assert {copy["Mailflow-Kind"] for copy in sent} == {"relay", "notice"}
    assert the_booking(flow).status == "confirmed"
