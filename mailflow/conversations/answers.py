"""What a client's first line asks for: a number or a time of an offer, `cancel`, `move`, `tz`, `/leave`."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from mailflow import wording
from mailflow.appointments import bookings, offers
from mailflow.appointments.narrowing import parse_time
from mailflow.appointments.offers import Wish
from mailflow.conversations.answered import answered_booking, answered_offer
from mailflow.conversations.zones import take_zone
from mailflow.errors import Expired, MailflowError, NoFreeTime, SlotTaken, TooLate
from mailflow.mail.addresses import normalise
from mailflow.phrases import ENGLISH, Said, Words, said
from mailflow.post.conversations import display_name, language_of
from mailflow.post.letters import notify_in
from mailflow.store.states import Standing
from mailflow.store.tables import Conversation, Message, Offer, OfferedSlot, Participant
from mailflow.store.unit import Unit

_NUMBER = re.compile(r"(?:option\s+|#)?(\d{1,3})[.)]?", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,.]+")
_DASH = re.compile(r"\s*[-\u2010-\u2015]\s*")


_LATE: Mapping[str, Callable[[str], Said]] = {
    "cancel": lambda name: said("%(name)s asks to cancel it, past the time for that.", name=name),
    "move": lambda name: said("%(name)s asks to move it, past the time for that.", name=name),
}


def answer(
    unit: Unit, conversation: Conversation, message: Message, author: Participant
) -> str | None:
    """Do what the first line of a client's mail asks for; returns that line if it was understood, else None."""
    lines = message.text.strip().splitlines()
    line = lines[0].strip() if lines else ""
    if line.lower() == "/leave":
        unit.db.change(author, standing=Standing.LEFT)
        _tell_host(
            unit,
            conversation,
            message,
            [said("%(name)s has left this conversation.", name=display_name(author))],
        )
        return line
    understood = any(
        take(unit, conversation, message, author, line)
        for take in (take_zone, _answer_offer, _answer_booking)
    )
    return line if understood else None


def choose(unit: Unit, offer: Offer, start: datetime, author: Participant) -> bool:
    """Book a time of an offer by mail; one that is gone meanwhile is answered with fresh ones.

    Returns False when there is none either, or somebody else has picked: then the mail is the host's to answer.
    """
    try:
        with unit.db.attempt():
            bookings.pick(unit, bookings.check_pick(unit, offer, start, author))
    except (SlotTaken, Expired, TooLate) as error:
        return not _is_somebody_elses(unit, offer, author) and _offer_anew(
            unit, offer, author, error
        )
    return True


def chosen_time(
    line: str, slots: Sequence[OfferedSlot], zone: ZoneInfo, language: str = ENGLISH
) -> datetime | None:
    """The offered time that a line names, by its number or exactly; None if it says anything else.

    A time may be written as ISO 8601, or as the offer shows it, with or without its day and its end: then it must
    be that of one slot alone.
    """
    number = _NUMBER.fullmatch(line)
    if number:
        return next((slot.start for slot in slots if slot.number == int(number[1])), None)
    start = parse_time(line, zone)
    if start is not None:
        return start if any(slot.start == start for slot in slots) else None
    words = _plain(line)
    named = [slot.start for slot in slots if words in _spellings(slot, zone, language)]
    return named[0] if len(named) == 1 else None


def _spellings(slot: OfferedSlot, zone: ZoneInfo, language: str) -> set[str]:
    day = wording.day(slot.start, zone, language)
    weekday = wording.weekday(slot.start.astimezone(zone).date(), language)
    times = (
        wording.time(slot.start, zone, language),
        wording.span(slot.start, slot.end, zone, language),
    )
    return {_plain(f"{front} {time}") for front in (day, weekday, "") for time in times}


def _plain(text: str) -> str:
    """A time without what people leave out or write otherwise: commas, blanks, the length of a dash."""
    return _BETWEEN.sub(" ", _DASH.sub("-", text)).strip().casefold()


def _answer_offer(
    unit: Unit, conversation: Conversation, message: Message, author: Participant, line: str
) -> bool:
    offer = answered_offer(unit, conversation, message)
    if offer is None or offer.only not in (None, author.id):
        return False
    zone = ZoneInfo(author.zone) if author.zone else unit.config.host(conversation.host).timezone
    reads = language_of(unit, author, conversation.host)
    start = chosen_time(line, unit.db.all(OfferedSlot, offer=offer.id), zone, reads)
    if start is None:
        return False
    return choose(unit, offer, start, author)


def _answer_booking(
    unit: Unit, conversation: Conversation, message: Message, author: Participant, line: str
) -> bool:
    reads = language_of(unit, author, conversation.host)
    word = unit.templates.languages.meaning(line, ("cancel", "move"), reads)
    booking = answered_booking(unit, conversation, message, author)
    if booking is None or word is None:
        return False
    try:
        bookings.check_changeable(unit, booking)
    except TooLate:
        _ask_host(unit, conversation, message, _LATE[word](display_name(author)))
        return False  # the mail itself is the host's to read
    if word == "cancel":
        bookings.cancel(unit, booking, by=author.name or None)
    else:
        kind = unit.config.appointment_type(booking.type)
        offers.make_offer(unit, conversation, Wish(kind, only=author, moves=booking, by_host=False))
    return True


def _is_somebody_elses(unit: Unit, offer: Offer, author: Participant) -> bool:
    standing = bookings.booking_of(unit, offer)
    return standing is not None and normalise(standing.client_address) != author.address_key


def _offer_anew(unit: Unit, offer: Offer, author: Participant, why: MailflowError) -> bool:
    """Tell the client that the choice could not be booked, with other times if there are any."""
    conversation = unit.db.get(Conversation, offer.conversation)
    wish = Wish(
        kind=unit.config.appointment_type(offer.type),
        only=author,
        moves=bookings.booking_of(unit, offer),
        by_host=False,
        words=said("This time could not be booked: %(why)s. Here are others.", why=why.words),
    )
    try:
        offers.make_offer(unit, conversation, wish)
    except NoFreeTime:
        return False
    return True


def _ask_host(unit: Unit, conversation: Conversation, message: Message, asked: Said) -> None:
    forms = said("To do so, answer one of the mails here with a line /cancel, or /move and a time.")
    _tell_host(unit, conversation, message, [asked, forms])


def _tell_host(
    unit: Unit, conversation: Conversation, message: Message, lines: Sequence[Words]
) -> None:
    notify_in(unit, conversation, "done", {"lines": lines}, answers=message.message_id)
