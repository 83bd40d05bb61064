"""The links and addresses that let a client act, each for one person and one thing."""

from urllib.parse import quote

from mailflow.keys import Purpose
from mailflow.post.conversations import addresses
from mailflow.store.tables import Attendee, Booking, Offer, Participant
from mailflow.store.unit import Unit


def slot_url(unit: Unit, offer: Offer, number: int, participant: Participant) -> str | None:
    """The page of one slot of an offer; None without a web."""
    return _url(unit, Purpose.SLOT, offer.id, number, participant.id)


def slot_mailto(unit: Unit, offer: Offer, number: int, participant: Participant) -> str:
    """A mail that books one slot of an offer."""
    address = addresses(unit).slot(offer.id, number, participant.id)
    return f"mailto:{address}?subject={quote(f'Option {number}')}"


def offer_url(unit: Unit, offer: Offer, participant: Participant) -> str | None:
    """The scheduler of an offer."""
    return _url(unit, Purpose.OFFER, offer.id, participant.id)


def booking_url(unit: Unit, booking: Booking, attendee: Attendee) -> str | None:
    """The booking's own page, with an attendee's right to move and to cancel."""
    return _url(unit, Purpose.BOOKING, booking.id, attendee.id)


def view_url(unit: Unit, booking: Booking) -> str | None:
    """The booking's page without any right."""
    return _url(unit, Purpose.VIEW, booking.id)


def confirm_url(unit: Unit, booking: Booking) -> str | None:
    """The page where the client of a booking confirms it."""
    return _url(unit, Purpose.CONFIRM, booking.id)


def type_url(unit: Unit, handle: str, slug: str) -> str | None:
    """The public page of an appointment type."""
    base = unit.config.mailflow.public_url
    return f"{base}/{handle}/{slug}" if base else None


PATHS = {
    Purpose.SLOT: "slot",
    Purpose.OFFER: "offer",
    Purpose.BOOKING: "booking",
    Purpose.VIEW: "booking/view",
    Purpose.CONFIRM: "confirm",
}
"""The path of each kind of link below the public URL."""


def _url(unit: Unit, purpose: Purpose, *facts: str | int) -> str | None:
    base = unit.config.mailflow.public_url
    return f"{base}/{PATHS[purpose]}/{unit.keys.link(purpose, *facts)}" if base else None
