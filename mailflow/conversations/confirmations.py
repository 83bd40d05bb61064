"""What the owner of a mailbox answers when asked whether a public booking is theirs."""

import re

from mailflow.appointments import confirming
from mailflow.conversations.accepting import keep
from mailflow.conversations.arrival import Arrival
from mailflow.errors import Expired
from mailflow.languages import plain
from mailflow.mail.addresses import normalise
from mailflow.mail.own_addresses import FrontDoor, ToConversation
from mailflow.store.states import Status
from mailflow.store.tables import Booking, Conversation
from mailflow.store.unit import Unit

_YES = re.compile(r"(?:yes|ok|okay|confirm|confirmed|i confirm)\W*", re.IGNORECASE)
_NO = re.compile(r"(?:no|nope|not|cancel|stop)\b.*", re.IGNORECASE | re.DOTALL)

_WORD = re.compile(r"\w+")


def take_confirmation(
    unit: Unit, arrival: Arrival, destination: ToConversation | FrontDoor
) -> bool:
    """Do what an answer to the question says; False if the mail has more to say, or was no answer to it.

    Any answer from that mailbox confirms the booking, unless it begins with a no: nobody else knows the address.
    """
    booking = _waiting(unit, destination)
    if booking is None:
        return False
    if arrival.mail.automatic:
        return True  # a program answered a program: nobody needs to hear of it
    if normalise(arrival.mail.author.address) != normalise(booking.client_address):
        return False
    words = arrival.mail.written().strip()
    first = _first_word(words)
    languages = unit.templates.languages
    if _NO.fullmatch(words) or first in languages.all_for("no") | languages.all_for("cancel"):
        confirming.lapse(unit, booking)
        return True
    try:
        confirming.confirm(unit, booking)
    except Expired:
        return False
    is_yes = _YES.fullmatch(words) or plain(words.rstrip(".!")) in languages.all_for("yes")
    return bool(is_yes) and _keep(unit, booking, arrival)


def _first_word(words: str) -> str:
    match = _WORD.match(words)
    return plain(match[0]) if match else ""


def _waiting(unit: Unit, destination: ToConversation | FrontDoor) -> Booking | None:
    if not isinstance(destination, ToConversation):
        return None
    return unit.db.find(Booking, thread=destination.conversation, status=Status.PENDING)


def _keep(unit: Unit, booking: Booking, arrival: Arrival) -> bool:
    """The answer in the record of the conversation that the booking has opened, if it has opened one."""
    conversation = unit.db.find(Conversation, id=booking.thread)
    if conversation is not None:
        keep(unit, conversation, arrival, "it confirms the booking")
    return True
