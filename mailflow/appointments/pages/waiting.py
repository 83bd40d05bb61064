"""The page of a public booking that waits until the owner of the mailbox has confirmed it."""

from mailflow.appointments import confirming, links
from mailflow.appointments.pages import times
from mailflow.appointments.pages.asked import Asked
from mailflow.appointments.pages.booked import booked
from mailflow.appointments.pages.page import Page, about, at, for_anybody, language_for
from mailflow.appointments.pages.times import Known
from mailflow.keys import Purpose
from mailflow.store.states import Status
from mailflow.store.tables import Booking
from mailflow.store.unit import Unit


def show(unit: Unit, asked: Asked, token: str) -> Page:
    """The appointment and the button that confirms it, or what has become of it."""
    booking = _read(unit, token)
    confirming.check_kept(unit, booking)
    kind = unit.config.appointment_type(booking.type)
    menu = times.menu(unit, asked, kind, None, Known(booking.zone, booking.language))
    if booking.status is not Status.PENDING:
        return booked(unit, booking, menu)
    facts = {
        **about(unit, kind, menu.zone),
        **at(booking.start, booking.end),
        "kept_until": confirming.kept_until(booking),
        "action": links.confirm_url(unit, booking),
    }
    return for_anybody(Page("waiting", facts, menu.language))


def confirm(unit: Unit, asked: Asked, token: str) -> str:
    """Confirm the booking; once is enough."""
    return links.confirm_url(unit, confirming.confirm(unit, _read(unit, token))) or ""


def lapsed(unit: Unit, asked: Asked, token: str) -> Page:
    """How to go on after the time was kept long enough."""
    booking = _read(unit, token)
    more_url = links.type_url(unit, booking.host, booking.type)
    language = language_for(unit, asked, booking.host, booking.language)
    return Page("expired", {"more_url": more_url, "mailto": None}, language)


def _read(unit: Unit, token: str) -> Booking:
    (booking_id,) = unit.keys.read_link(Purpose.CONFIRM, token)
    return unit.db.get(Booking, booking_id)
