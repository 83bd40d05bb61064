"""A client's line `tz Europe/Paris`: their zone from now on, and what they answered once more, in that zone."""

import re
from collections.abc import Sequence

from mailflow.appointments import bookings, offers
from mailflow.appointments.announcing import tell_again
from mailflow.appointments.zones import LONGEST_NAME, zone_named, zones_like
from mailflow.conversations.answered import answered_booking, answered_offer
from mailflow.errors import Expired, NotFound, SlotTaken, TooLate
from mailflow.phrases import Said, Words, said
from mailflow.post.letters import notify_one
from mailflow.store.queries import coming_bookings
from mailflow.store.states import OfferState
from mailflow.store.tables import Attendee, Booking, Conversation, Message, Offer, Participant
from mailflow.store.unit import Unit

_ZONE = re.compile(r"tz[:\s]\s*(\S.*)", re.IGNORECASE)


def take_zone(
    unit: Unit, conversation: Conversation, message: Message, author: Participant, line: str
) -> bool:
    """Keep the zone that a line names, and show its author the times in it; False for any other line.

    A zone that there is not is answered with those that may have been meant.
    """
    match = _ZONE.fullmatch(line)
    if match is None:
        return False
    zone = zone_named(match[1])
    if zone is None:
        _tell(unit, conversation, message, author, _no_such_zone(match[1]))
        return True
    known = unit.db.change(author, zone=zone.key)
    if not _shown(unit, conversation, message, known):
        lines = [said("Times in mails to you are in %(zone)s from now on.", zone=zone.key)]
        _tell(unit, conversation, message, known, lines)
    return True


def _shown(unit: Unit, conversation: Conversation, message: Message, author: Participant) -> bool:
    """Send the offer again that the author may still pick from, else their appointment; False if there is neither."""
    booking = answered_booking(unit, conversation, message, author)
    offer = answered_offer(unit, conversation, message) or _newest_offer(unit, conversation)
    if booking is None and offer is not None:
        booking = _standing(unit, offer, author)
        if (booking is None or offer.moves) and _may_pick(unit, offer, author):
            offers.tell_again(unit, offer, author, parent=message)
            return True
    booking = booking or _coming(unit, conversation, author)
    if booking is None:
        return False
    _show_booking(unit, booking, author)
    return True


def _standing(unit: Unit, offer: Offer, author: Participant) -> Booking | None:
    booking = bookings.booking_of(unit, offer)
    return booking if booking is not None and bookings.is_client(booking, author) else None


def _may_pick(unit: Unit, offer: Offer, author: Participant) -> bool:
    try:
        bookings.check_may_pick(unit, offer, author)
    except (Expired, NotFound, SlotTaken, TooLate):
        return False
    return True


def _newest_offer(unit: Unit, conversation: Conversation) -> Offer | None:
    made = unit.db.all(Offer, conversation=conversation.id, state=OfferState.OPEN)
    return max(made, key=lambda offer: offer.created, default=None)


def _coming(unit: Unit, conversation: Conversation, author: Participant) -> Booking | None:
    coming = coming_bookings(unit.db, conversation.id, unit.now)
    return next((one for one in coming if _attendee(unit, one, author)), None)


def _show_booking(unit: Unit, booking: Booking, author: Participant) -> None:
    if bookings.is_client(booking, author):
        booking = unit.db.change(booking, zone=author.zone)
    attendee = _attendee(unit, booking, author)
    if attendee is not None:
        tell_again(unit, booking, attendee)


def _attendee(unit: Unit, booking: Booking, author: Participant) -> Attendee | None:
    return unit.db.find(Attendee, booking=booking.id, address_key=author.address_key)


def _no_such_zone(name: str) -> list[Said]:
    lines = [
        said(
            "There is no time zone “%(name)s”. Zones are named by a city: %(example)s, for instance.",
            name=name[:LONGEST_NAME],
            example="tz Europe/Paris",
        )
    ]
    likely = [f"tz {zone}" for zone in zones_like(name)]
    return [*lines, said("Did you mean %(zones)s?", zones=", ".join(likely))] if likely else lines


def _tell(
    unit: Unit,
    conversation: Conversation,
    message: Message,
    author: Participant,
    lines: Sequence[Words],
) -> None:
    notify_one(unit, conversation, author, {"lines": lines}, answers=message.message_id)
