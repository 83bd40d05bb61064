"""The UID by which calendars know a booking: the same for life, in every copy (RFC 5545, section 3.8.4.7)."""

from mailflow.store.tables import Booking
from mailflow.store.unit import Unit


def uid_of(unit: Unit, booking: Booking) -> str:
    """What a booking is called in calendars."""
    return f"{booking.id}@{unit.config.mailflow.domain}"


def booking_of_uid(unit: Unit, uid: str) -> Booking | None:
    """The booking that a calendar speaks of; None for anything that is none of ours."""
    ident, _, domain = uid.rpartition("@")
    return (
        unit.db.find(Booking, id=ident) if domain.lower() == unit.config.mailflow.domain else None
    )
