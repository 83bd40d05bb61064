"""The entrance: one mail that was taken, and all that follows from it, in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mailflow.conversations.accepting import accept, accept_choice
from mailflow.conversations.admission import doubt_about
from mailflow.conversations.answers import choose
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.bounces import is_report, take_report, take_stray_report
from mailflow.conversations.entering import author_in, enter
from mailflow.conversations.postmaster import forward_to_operator
from mailflow.conversations.proposals import answer_proposal
from mailflow.conversations.questions import answer_question, ask_again, fits, hold, read_answer
from mailflow.conversations.taking import read_facts
from mailflow.mail.copies.stamps import comes_back
from mailflow.mail.own_addresses import (
    Destination,
    FrontDoor,
    ToBounce,
    ToConversation,
    ToPostmaster,
    ToQuestion,
    ToSlot,
)
from mailflow.mail.reading import Mail
from mailflow.mail.recipient_fields import recipients_named
from mailflow.post.conversations import addresses
from mailflow.store.states import Doubt, Taken
from mailflow.store.tables import (
    Conversation,
    Offer,
    OfferedSlot,
    Participant,
    Proposal,
    Question,
    TakenMail,
)
from mailflow.store.unit import Unit

MOST_RECEIVED = 30
"""Hops after which a mail is taken to be in a loop (RFC 5321, section 6.3)."""


def receive_all(unit: Unit, arrivals: Sequence[Arrival]) -> list[None]:
    """As `receive`, for mails that wait together. Raises `CalendarsUnread`, `HeldMailUnread` or `BodyUnmade` where one
    needs what nobody has read or made before."""
    nothing_read = replace(unit, calendars_read=frozenset())
    rows = unit.db.keyed(TakenMail, [arrival.taken for arrival in arrivals])
    for arrival in arrivals:
        _receive(nothing_read, arrival, rows[arrival.taken])
    return [None] * len(arrivals)


def receive(unit: Unit, arrival: Arrival) -> None:
    """Place a mail, and do all that it causes, at each address it came to. A mail that was worked on is left alone."""
    _receive(unit, arrival, unit.db.get(TakenMail, arrival.taken))


def _receive(unit: Unit, arrival: Arrival, taken: TakenMail) -> None:
    if taken.state is not Taken.TAKEN:
        return
    mail = arrival.mail
    taken = unit.db.change(taken, state=Taken.DONE, **read_facts(mail))
    if _was_here_before(unit, mail):
        loop = "it has been here before: a loop"
        taken = unit.db.change(taken, state=Taken.DROPPED, reason=loop)
    else:
        taken = _deliver_all(unit, arrival, taken)
    unit.tell(f"mail.{taken.state}", mail=taken.id)


def _was_here_before(unit: Unit, mail: Mail) -> bool:
    """Whether a mail goes round: it has our stamp, comes from an address of ours, or passed too many servers.

    The postmaster's address is no sign: servers of our own domain send their reports from it.
    """
    author = addresses(unit).read(mail.author.address)
    ours = author is not None and not isinstance(author, ToPostmaster)
    stamped = comes_back(unit.config.mailflow.domain, mail.instance)
    return stamped or ours or mail.received_count > MOST_RECEIVED


def _destinations(unit: Unit, arrival: Arrival) -> Sequence[Destination]:
    """What the recipients mean, each once; a host's front door not beside one of the host's conversations.

    Slots come first: a mail is one message in a conversation, and must not be taken there for nothing but words.
    """
    own = addresses(unit)
    fields = unit.config.listener.recipient_headers
    named = recipients_named(arrival.raw, fields) if fields else ()
    read = [own.read(recipient) for recipient in (*arrival.recipients, *named)]
    found = list(dict.fromkeys(one for one in read if one is not None))
    inside = {one.handle for one in found if isinstance(one, ToConversation)}
    meant = [one for one in found if not (isinstance(one, FrontDoor) and one.handle in inside)]
    return sorted(meant, key=lambda one: not isinstance(one, ToSlot))


def _deliver_all(unit: Unit, arrival: Arrival, taken: TakenMail) -> TakenMail:
    """Do what a mail causes at each address; returns its row, held if it is held at one of them."""
    destinations = _destinations(unit, arrival)
    if not destinations:
        return unit.db.change(taken, state=Taken.HELD, reason="it names none of our addresses")
    for destination in destinations:
        held = _deliver(unit, arrival, destination)
        if held is not None:
            taken = unit.db.change(taken, state=Taken.HELD, reason=held)
    return taken


def _deliver(unit: Unit, arrival: Arrival, destination: Destination) -> str | None:
    """Do what a mail causes at one address; returns why it is held, if it is."""
    match destination:
        case ToConversation() | FrontDoor():
            if is_report(arrival):
                return take_stray_report(unit, arrival, destination.handle)
            return enter(unit, arrival, destination)
        case ToQuestion():
            return _take_answer(unit, arrival, destination)
        case ToSlot():
            return _take_choice(unit, arrival, destination)
        case ToBounce():
            return take_report(unit, arrival, destination.delivery)
        case ToPostmaster():
            return forward_to_operator(unit, arrival)


def _take_answer(unit: Unit, arrival: Arrival, destination: ToQuestion) -> str | None:
    """The host's answer to a question; nothing sent to its address is ever passed on."""
    proposal = unit.db.find(Proposal, id=destination.question)
    if proposal is not None:
        answer_proposal(unit, proposal, arrival)
        return None
    question = unit.db.find(Question, id=destination.question)
    if question is None or question.answered or arrival.mail.automatic:
        return None
    reads = unit.config.host(question.host).language
    answer = read_answer(arrival.mail.written(), unit.templates.languages, reads)
    if answer is None or not fits(unit, question, *answer):
        ask_again(unit, question, arrival)
        return None
    answer_question(unit, question, *answer)
    return None


def _take_choice(unit: Unit, arrival: Arrival, destination: ToSlot) -> str | None:
    """A mail to the address of a slot: any mail of that recipient books it, and is passed on if more was written."""
    offer = unit.db.find(Offer, id=destination.offer)
    client = unit.db.find(Participant, id=destination.participant)
    slot = unit.db.find(OfferedSlot, offer=destination.offer, number=destination.number)
    if offer is None or client is None or slot is None:
        return "for a slot that is not there any more"
    conversation = unit.db.get(Conversation, offer.conversation)
    author = author_in(unit, conversation, arrival)
    doubt = doubt_about(arrival.mail, arrival.verdict, None)
    if author != client and not arrival.mail.automatic:
        doubt = doubt or Doubt.STRANGER
    if doubt is not None:
        return hold(unit, arrival, doubt, conversation.host, conversation)
    if arrival.mail.automatic:
        accept(unit, conversation, author, arrival, BY_SLOT, obeyed=False)
    else:
        pick = partial(choose, unit, offer, slot.start, client)
        accept_choice(unit, conversation, client, arrival, BY_SLOT, pick)
    return None


BY_SLOT = "the address of an offered time"
