"""Conversations and what waits to go out as plain values, for whoever prints or exports them."""

from operator import attrgetter
from typing import TypeVar

from mailflow.appointments.listing import Facts, booking_facts, in_utc, zone_of
from mailflow.post.conversations import display_name, people
from mailflow.post.record import messages_of
from mailflow.store.queries import message_counts, recent_conversations
from mailflow.store.search import conversations_with_words
from mailflow.store.states import OfferState, Sending, Status
from mailflow.store.tables import Booking, Conversation, Delivery, Message, Offer, OfferedSlot
from mailflow.store.unit import Unit

M = TypeVar("M", Offer, Booking)

NOT_SENT = tuple(state for state in Sending if state is not Sending.SENT)


def conversation_list(unit: Unit, words: str | None = None) -> list[Facts]:
    """Every conversation in short, or those in which all these words stand; the one with the latest message first."""
    counts = message_counts(unit.db)
    found = recent_conversations(unit.db)
    if words is not None:
        wanted = conversations_with_words(unit.db, words)
        found = [one for one in found if one.id in wanted]
    return [
        {
            "id": one.id,
            "host": one.host,
            "zone": zone_of(unit.config, one.host),
            "subject": one.subject,
            "people": [display_name(person) for person in people(unit, one)],
            "last": in_utc(one.last_at),
            "count": counts.get(one.id, 0),
            "closed": one.closed,
        }
        for one in found
    ]


def conversation_ids(unit: Unit) -> list[str]:
    """The ids of all conversations, the one with the latest message last."""
    return [one.id for one in reversed(recent_conversations(unit.db))]


def conversation_facts(unit: Unit, ident: str) -> Facts:
    """All of one conversation; raises `NotFound`."""
    conversation = unit.db.get(Conversation, ident)
    return {
        "id": conversation.id,
        "host": conversation.host,
        "zone": zone_of(unit.config, conversation.host),
        "subject": conversation.subject,
        "created": in_utc(conversation.created),
        "closed": conversation.closed,
        "participants": [
            {
                "address": one.address,
                "name": one.name,
                "role": one.role.value,
                "standing": one.standing.value,
            }
            for one in people(unit, conversation)
        ],
        "messages": [_message(one) for one in messages_of(unit, ident)],
        "offers": [_offer(unit, one) for one in _in_order(unit.db.all(Offer, conversation=ident))],
        "bookings": [
            booking_facts(unit, one) for one in _in_order(unit.db.all(Booking, thread=ident))
        ],
    }


def unsent(unit: Unit) -> list[Facts]:
    """The copies that were not sent: those that wait, and those that were given up."""
    waiting = [one for state in NOT_SENT for one in unit.db.all(Delivery, state=state)]
    return [
        {
            "id": one.id,
            "recipient": one.recipient,
            "subject": one.subject,
            "message_id": one.message_id,
            "conversation": one.conversation,
            "state": one.state.value,
            "attempts": one.attempts,
            "due": None if one.settled else in_utc(one.due),
            "detail": one.detail,
        }
        for one in sorted(waiting, key=lambda one: one.id)
    ]


def _in_order(made: list[M]) -> list[M]:
    """Records whose ids are random, in the order in which they were made."""
    return sorted(made, key=attrgetter("created"))


def _message(message: Message) -> Facts:
    return {
        "message_id": message.message_id,
        "from": message.author_address,
        "name": message.author_name,
        "date": in_utc(message.date or message.at),
        "subject": message.subject,
        "kind": message.kind.value,
        "direction": message.direction.value,
        "text": message.text,
    }


def _offer(unit: Unit, offer: Offer) -> Facts:
    return {
        "id": offer.id,
        "message_id": offer.message_id,
        "type": offer.type,
        "state": _state(unit, offer),
        "expires": in_utc(offer.expires),
        "slots": [
            {"number": one.number, "start": in_utc(one.start), "end": in_utc(one.end)}
            for one in unit.db.all(OfferedSlot, offer=offer.id)
        ],
    }


def _state(unit: Unit, offer: Offer) -> str:
    """What has become of an offer: booked, withdrawn, expired, or it is open."""
    made = unit.db.all(Booking, offer=offer.id)
    if any(one.status is not Status.CANCELLED for one in made):
        return "booked"
    if offer.state is OfferState.OPEN and unit.now >= offer.expires:
        return "expired"
    return offer.state.value
