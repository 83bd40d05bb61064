"""What is known of the people of a booking: their time zone, and the language that they read."""

from mailflow.store.states import Role
from mailflow.store.tables import Attendee, Booking, Participant
from mailflow.store.unit import Unit


def known_zone(unit: Unit, booking: Booking, attendee: Attendee) -> str | None:
    """What we know of an attendee's time zone: its IANA name."""
    if attendee.handle:
        return str(unit.config.host(attendee.handle).timezone)
    participant = _participant(unit, booking, attendee)
    if participant is not None and participant.zone:
        return participant.zone
    return booking.zone if attendee.role is Role.CLIENT else None


def chosen_language(unit: Unit, booking: Booking, attendee: Attendee) -> str | None:
    """The language that an attendee chose on a page, if they did."""
    participant = _participant(unit, booking, attendee)
    if participant is not None:
        return participant.language
    return booking.language if attendee.role is Role.CLIENT else None


def language(unit: Unit, booking: Booking, attendee: Attendee | None) -> str:
    """The language of mails to an attendee, or of the record for want of one."""
    chosen = chosen_language(unit, booking, attendee) if attendee else None
    handle = attendee.handle if attendee else None
    return chosen or unit.config.host(handle or booking.host).language


def remember_language(
    unit: Unit, booking: Booking, attendee: Attendee, chosen: str | None
) -> Booking:
    """Keep the language in which an attendee used a page, for later mails to them."""
    if chosen is None:
        return booking
    participant = _participant(unit, booking, attendee)
    if participant is not None:
        unit.db.change(participant, language=chosen)
    if attendee.role is Role.CLIENT:
        booking = unit.db.change(booking, language=chosen)
    return booking


def _participant(unit: Unit, booking: Booking, attendee: Attendee) -> Participant | None:
    return unit.db.find(Participant, conversation=booking.thread, address_key=attendee.address_key)
