"""The entrance: one mail that was taken, and all that follows from it, in one transaction."""

from collections.abc import Sequence
from dataclasses import replace

from mailflow.conversations.accepting import accept
from mailflow.conversations.admission import doubt_about
from mailflow.conversations.answers import choose
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.entering import author_in, enter
from mailflow.conversations.postmaster import forward_to_operator
from mailflow.conversations.questions import answer_question, hold, read_answer
from mailflow.conversations.taking import read_again
from mailflow.mail.automatic import Automation
from mailflow.mail.own_addresses import (
    Destination,
    FrontDoor,
    ToBounce,
    ToConversation,
    ToPostmaster,
    ToQuestion,
    ToSlot,
)
from mailflow.post.conversations import addresses
from mailflow.store.tables import (
    Conversation,
    Delivery,
    Doubt,
    Offer,
    OfferedSlot,
    Participant,
    Question,
    Taken,
    TakenMail,
)
from mailflow.store.unit import Unit

MOST_RECEIVED = 30
"""Hops after which a mail is taken to be in a loop (RFC 5321, section 6.3)."""


def receive(unit: Unit, arrival: Arrival) -> None:
    """Place a mail, and do all that it causes, at each address it came to. A mail that was worked on is left alone."""
    taken = unit.db.get(TakenMail, arrival.taken)
    if taken.state is not Taken.TAKEN:
        return
    mail = arrival.mail
    taken = unit.db.change(taken, state=Taken.DONE, message_id=mail.message_id, digest=mail.digest)
    if mail.instance == unit.config.mailflow.domain or mail.received_count > MOST_RECEIVED:
        unit.db.change(taken, state=Taken.DROPPED, reason="it has been here before: a loop")
        return
    for destination in _destinations(unit, arrival):
        held = _deliver(unit, arrival, destination)
        if held is not None:
            unit.db.change(taken, state=Taken.HELD, reason=held)


def _destinations(unit: Unit, arrival: Arrival) -> Sequence[Destination]:
    """What the recipients mean, each once; a host's front door not beside one of the host's conversations."""
    own = addresses(unit)
    read = [own.read(recipient) for recipient in arrival.recipients]
    found = list(dict.fromkeys(one for one in read if one is not None))
    inside = {one.handle for one in found if isinstance(one, ToConversation)}
    return [one for one in found if not (isinstance(one, FrontDoor) and one.handle in inside)]


def _deliver(unit: Unit, arrival: Arrival, destination: Destination) -> str | None:
    """Do what a mail causes at one address; returns why it is held, if it is."""
    match destination:
        case ToConversation() | FrontDoor():
            return enter(unit, arrival, destination)
        case ToQuestion():
            return _take_answer(unit, arrival, destination)
        case ToSlot():
            return _take_choice(unit, arrival, destination)
        case ToBounce():
            return _take_report(unit, arrival, destination)
        case ToPostmaster():
            return forward_to_operator(unit, arrival)


def _take_answer(unit: Unit, arrival: Arrival, destination: ToQuestion) -> str | None:
    """The host's answer to a question; nothing sent to its address is ever passed on."""
    question = unit.db.find(Question, id=destination.question)
    answer = read_answer(arrival.mail.written())
    if question is None or question.answered or answer is None or arrival.mail.automatic:
        return None
    held = read_again(unit, question.taken)
    answer_question(unit, question, held, *answer)
    return None


def _take_choice(unit: Unit, arrival: Arrival, destination: ToSlot) -> str | None:
    """A mail to the address of a slot: any mail of that recipient books it."""
    offer = unit.db.find(Offer, id=destination.offer)
    client = unit.db.find(Participant, id=destination.participant)
    slot = unit.db.find(OfferedSlot, offer=destination.offer, number=destination.number)
    if offer is None or client is None or slot is None or arrival.mail.automatic:
        return None
    conversation = unit.db.get(Conversation, offer.conversation)
    doubt = doubt_about(arrival.mail, arrival.verdict, None)
    if author_in(unit, conversation, arrival) != client:
        doubt = doubt or Doubt.STRANGER
    if doubt is not None:
        return hold(unit, arrival, doubt, conversation.host, conversation)
    choose(unit, offer, slot.start, client)
    return None


def _take_report(unit: Unit, arrival: Arrival, destination: ToBounce) -> str | None:
    """What comes to an envelope sender of ours is automatic mail of the conversation of that delivery."""
    delivery = unit.db.find(Delivery, id=destination.delivery)
    conversation = (
        unit.db.find(Conversation, id=delivery.conversation)
        if delivery and delivery.conversation
        else None
    )
    if conversation is None:
        return "a delivery report that belongs to no conversation"
    accept(
        unit,
        conversation,
        None,
        replace(arrival, mail=replace(arrival.mail, automation=Automation.AUTOMATIC)),
        "the envelope sender of a delivery",
        obeyed=False,
    )
    return None
