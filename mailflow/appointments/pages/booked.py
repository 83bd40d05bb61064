"""The pages of a booking: to look at, to move, to cancel, and to put into a calendar."""

from datetime import timedelta

from mailflow.appointments import bookings, confirming, itip, links, slots
from mailflow.appointments.attendees import chosen_language, known_zone, remember_language
from mailflow.appointments.listing import in_utc
from mailflow.appointments.pages import times
from mailflow.appointments.pages.asked import Asked
from mailflow.appointments.pages.page import Page, about, at, for_anybody
from mailflow.appointments.pages.times import Known, Menu
from mailflow.appointments.telling import Telling
from mailflow.errors import InvalidForm, SlotTaken, TooLate
from mailflow.keys import Purpose
from mailflow.mail.addresses import Person
from mailflow.phrases import said
from mailflow.post.conversations import display_name
from mailflow.store.states import Status
from mailflow.store.tables import Attendee, Booking
from mailflow.store.unit import Unit

JUST_NOW = timedelta(minutes=5)
"""So long after a change its page says that mails are on their way."""


def show(unit: Unit, asked: Asked, token: str) -> Page:
    """A booking, with what its attendee may do."""
    booking, attendee = _read(unit, token)
    return booked(unit, booking, _menu(unit, asked, booking, attendee), attendee)


def view(unit: Unit, asked: Asked, token: str) -> Page:
    """A booking, for whoever has the link, without any right."""
    (booking_id,) = unit.keys.read_link(Purpose.VIEW, token)
    booking = unit.db.get(Booking, booking_id)
    kind = unit.config.appointment_type(booking.type)
    known = Known(booking.zone, booking.language)
    return booked(unit, booking, times.menu(unit, asked, kind, None, known))


def calendar_file(unit: Unit, token: str) -> bytes:
    """The booking as its attendee's calendar takes it."""
    booking, attendee = _read(unit, token)
    zone = known_zone(unit, booking, attendee)
    return itip.publish(Telling(unit, booking).invite(attendee, zone))


def show_move(unit: Unit, asked: Asked, token: str) -> Page:
    """Other times for a booking, or one of them and its button."""
    booking, attendee = _read(unit, token)
    menu = _menu(unit, asked, booking, attendee)
    start = asked.start
    if booking.status is Status.CANCELLED or start == booking.start:
        return booked(unit, booking, menu, attendee)
    bookings.check_changeable(unit, booking)
    if start is None:
        return times.calendar(unit, asked, menu)
    if not slots.is_free(unit, menu.kind, start, moving=booking):
        raise SlotTaken(said("that time is not free"))
    return times.slot(unit, asked, menu, start, asked.link(menu.url, start=in_utc(start)))


def move(unit: Unit, asked: Asked, token: str) -> str:
    """Move a booking to the chosen time."""
    booking, attendee = _read(unit, token)
    if asked.start is None:
        raise InvalidForm({"start": said("Please choose a time.")})
    if booking.start != asked.start:
        bookings.check_changeable(unit, booking)
    booking = remember_language(unit, booking, attendee, asked.language)
    bookings.move(unit, booking, asked.start, by=_name(attendee))
    return links.booking_url(unit, booking, attendee) or ""


def gone(unit: Unit, asked: Asked, token: str) -> Page:
    """Other times for a booking, when the chosen one has gone."""
    booking, attendee = _read(unit, token)
    return times.gone(unit, asked, _menu(unit, asked, booking, attendee))


def show_cancel(unit: Unit, asked: Asked, token: str) -> Page:
    """The question whether to cancel a booking."""
    booking, attendee = _read(unit, token)
    menu = _menu(unit, asked, booking, attendee)
    if booking.status is Status.CANCELLED:
        return booked(unit, booking, menu, attendee)
    bookings.check_changeable(unit, booking)
    url = links.booking_url(unit, booking, attendee)
    kind = unit.config.appointment_type(booking.type)
    facts = {**about(unit, kind, menu.zone), **at(booking.start, booking.end)}
    return Page("cancel", {**facts, "action": f"{url}/cancel", "back_url": url}, menu.language)


def cancel(unit: Unit, asked: Asked, token: str) -> str:
    """Cancel a booking; once is enough."""
    booking, attendee = _read(unit, token)
    if booking.status is not Status.CANCELLED:
        bookings.check_changeable(unit, booking)
        booking = remember_language(unit, booking, attendee, asked.language)
        bookings.cancel(unit, booking, by=_name(attendee))
    return links.booking_url(unit, booking, attendee) or ""


def booked(unit: Unit, booking: Booking, menu: Menu, attendee: Attendee | None = None) -> Page:
    """A booking's page; its buttons are for an attendee alone."""
    url = links.booking_url(unit, booking, attendee) if attendee else None
    changeable = _is_changeable(unit, booking)
    change_url = url if changeable else None
    cancelled = booking.status is Status.CANCELLED
    pending = booking.status is Status.PENDING
    kind = unit.config.appointment_type(booking.type)
    page = Page(
        "booked",
        {
            **about(unit, kind, menu.zone),
            **at(booking.start, booking.end),
            "status": booking.status.value,
            "just_now": bool(booking.announced) and unit.now - booking.stamp < JUST_NOW,
            "kept_until": confirming.kept_until(booking) if pending else None,
            "attendees": _attendees(unit, booking),
            "people": [],
            "ics_url": f"{url}/invite.ics" if url and not cancelled else None,
            "move_url": change_url and f"{change_url}/move",
            "cancel_url": change_url and f"{change_url}/cancel",
            "changed_elsewhere": changeable and url is None,
            "too_late": url is not None and not changeable and unit.now < booking.start,
            "rebook_url": links.type_url(unit, booking.host, kind.slug) if cancelled else None,
        },
        menu.language,
    )
    return for_anybody(page) if pending else page


def _read(unit: Unit, token: str) -> tuple[Booking, Attendee]:
    booking_id, attendee_id = unit.keys.read_link(Purpose.BOOKING, token)
    return unit.db.get(Booking, booking_id), unit.db.get(Attendee, attendee_id)


def _is_changeable(unit: Unit, booking: Booking) -> bool:
    try:
        bookings.check_changeable(unit, booking)
    except TooLate:
        return False
    return booking.status is Status.CONFIRMED


def _menu(unit: Unit, asked: Asked, booking: Booking, attendee: Attendee) -> Menu:
    kind = unit.config.appointment_type(booking.type)
    url = f"{links.booking_url(unit, booking, attendee)}/move"
    known = Known(known_zone(unit, booking, attendee), chosen_language(unit, booking, attendee))
    return times.menu(unit, asked, kind, url, known, moving=booking)


def _attendees(unit: Unit, booking: Booking) -> list[tuple[str, str]]:
    """Who is in a booking beside its owner, and what their calendars answered."""
    return [
        (_name(one), one.partstat)
        for one in unit.db.all(Attendee, booking=booking.id)
        if one.handle != booking.host
    ]


def _name(attendee: Attendee) -> str:
    return display_name(Person(attendee.name, attendee.address))
