"""A mail into the conversation where it belongs, if its author may; into a new one, if it belongs nowhere yet."""

from dataclasses import replace

from mailflow.appointments.announcing import open_thread
from mailflow.conversations.accepting import accept
from mailflow.conversations.admission import author_among, doubt_about, host_who_wrote
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.calendar_answers import is_calendar_answer, take_calendar_answers
from mailflow.conversations.confirmations import take_confirmation
from mailflow.conversations.merging import current, merge
from mailflow.conversations.pausing import keep_back
from mailflow.conversations.placing import Placement, place
from mailflow.conversations.questions import hold
from mailflow.conversations.starting import start_with_client, start_with_host
from mailflow.mail.addresses import normalise
from mailflow.mail.authenticity import Verdict
from mailflow.mail.automatic import Automation
from mailflow.mail.own_addresses import FrontDoor, ToConversation
from mailflow.post.conversations import addresses, people
from mailflow.store.states import Doubt
from mailflow.store.tables import Conversation, FurtherAddress, Participant
from mailflow.store.unit import Unit


def enter(unit: Unit, arrival: Arrival, destination: ToConversation | FrontDoor) -> str | None:
    """Do what a mail to a conversation, or to a host's front door, causes; returns why it is held, if it is."""
    if is_calendar_answer(arrival):
        return _enter_calendar_answer(unit, arrival, destination)
    genuine = arrival.verdict is not Verdict.FAILED
    if genuine and take_confirmation(unit, arrival, destination):
        return None
    placement = _placement(unit, arrival, destination)
    if placement is None:
        return _start(unit, arrival, destination.handle)
    conversation = placement.conversation
    author = author_in(unit, conversation, arrival)
    writer = host_who_wrote(unit.config, arrival.mail)
    doubt = doubt_about(arrival.mail, arrival.verdict, writer)
    if doubt is None and author is None and not arrival.mail.automatic:
        doubt = Doubt.STRANGER
    if doubt is not None:
        return hold(unit, arrival, doubt, conversation.host, conversation)
    if reason := keep_back(unit, conversation, author, arrival):
        return reason
    obeyed = arrival.names(addresses(unit), destination)
    accept(unit, conversation, author, arrival, placement.evidence, obeyed=obeyed)
    return None


def _enter_calendar_answer(
    unit: Unit, arrival: Arrival, destination: ToConversation | FrontDoor
) -> str | None:
    """What a calendar answered. One that counts for nothing here is shown to the host of its author's conversation.

    It repeats the private link and address of whoever sent it, so nobody else gets it.
    """
    if arrival.verdict is Verdict.FAILED:
        return "a calendar's answer whose sender failed the check"
    if take_calendar_answers(unit, arrival, destination):
        return None
    placement = _placement_among_open(unit, arrival, destination)
    author = author_in(unit, placement.conversation, arrival) if placement else None
    if placement is None or author is None:
        return "a calendar's answer of somebody who is not invited"
    shown = replace(arrival, mail=replace(arrival.mail, automation=Automation.AUTOMATIC))
    accept(unit, placement.conversation, author, shown, placement.evidence, obeyed=False)
    return None


def author_in(unit: Unit, conversation: Conversation, arrival: Arrival) -> Participant | None:
    """The participant who wrote a mail, by any address known for them; None for a stranger."""
    mail = arrival.mail
    everybody = people(unit, conversation)
    found = author_among(everybody, mail, host_who_wrote(unit.config, mail))
    if found is not None:
        return found
    key = normalise(mail.author.address)
    further = unit.db.find(FurtherAddress, host=conversation.host, address_key=key)
    known_key = further.known_key if further else None
    return next((one for one in everybody if one.address_key == known_key), None)


def _placement(
    unit: Unit, arrival: Arrival, destination: ToConversation | FrontDoor
) -> Placement | None:
    """Where a mail belongs, be it a conversation that opens only with it."""
    if isinstance(destination, ToConversation):
        known = unit.db.find(Conversation, id=destination.conversation)
        if known is None and (opened := open_thread(unit, destination.conversation)):
            return Placement(opened, "its address")
    return _placement_among_open(unit, arrival, destination)


def _placement_among_open(
    unit: Unit, arrival: Arrival, destination: ToConversation | FrontDoor
) -> Placement | None:
    """Where a mail belongs: by its address before all, then by its ids."""
    named = place(unit, destination.handle, arrival.mail)
    if isinstance(destination, ToConversation):
        conversation = unit.db.find(Conversation, id=destination.conversation)
        if conversation is not None:
            return Placement(current(unit, conversation), _by_address(conversation, named))
    return merge(unit, named) if named else None


def _by_address(conversation: Conversation, named: list[Placement]) -> str:
    """The evidence of a mail that came to the conversation's address, whatever its ids say."""
    others = [one for one in named if one.conversation.id != conversation.id]
    return f"its address, though {others[0].evidence}" if others else "its address"


def _start(unit: Unit, arrival: Arrival, handle: str) -> str | None:
    """A mail that belongs nowhere yet: it starts a conversation, if its author may."""
    if arrival.mail.automatic and not arrival.sender:
        return "a delivery report or automatic answer that belongs to no conversation"
    writer = host_who_wrote(unit.config, arrival.mail)
    doubt = doubt_about(arrival.mail, arrival.verdict, writer)
    if doubt is not None:
        return hold(unit, arrival, doubt, handle, None)
    host = unit.config.host(handle)
    if writer == host:
        start_with_host(unit, host, arrival)
    else:
        start_with_client(unit, host, arrival)
    return None
