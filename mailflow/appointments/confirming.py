"""Public bookings for an address that never wrote to the host: its owner confirms them, or they lapse."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailflow.appointments import links, reminders
from mailflow.appointments.announcing import announce
from mailflow.appointments.telling import Change, News, subject_of
from mailflow.config import AppointmentType
from mailflow.errors import Expired, TooMany
from mailflow.mail.addresses import Person, normalise
from mailflow.mail.wire.writing import alternative
from mailflow.phrases import said
from mailflow.post.copies import Copy
from mailflow.post.letters import send_apart
from mailflow.post.threads import apart
from mailflow.store.queries import change_status, has_written, pending_bookings, public_bookings
from mailflow.store.states import Kind, Status
from mailflow.store.tables import Booking, FurtherAddress, Reserved
from mailflow.store.unit import Unit

KEPT = timedelta(minutes=30)
"""How long the time of an unconfirmed booking is kept."""

DAY = timedelta(days=1)

MOST_A_DAY = 10
"""Public bookings for one address that never wrote: each is a mail that its owner may not have asked for."""

AT_ONCE = 50
"""Bookings that lapse in one transaction at most."""


def is_known(unit: Unit, kind: AppointmentType, client: Person) -> bool:
    """Whether a mail from this address has reached one of the type's hosts."""
    key = normalise(client.address)
    further = (unit.db.find(FurtherAddress, host=one, address_key=key) for one in kind.hosts)
    return any(further) or has_written(unit.db, kind.hosts, key)


def check_mailbox(unit: Unit, client: Person) -> None:
    """Raises `TooMany` when enough was booked for this address today."""
    recent = public_bookings(unit.db, normalise(client.address), unit.now - DAY)
    if len(recent) >= MOST_A_DAY:
        raise TooMany(recent[-MOST_A_DAY].created + DAY - unit.now)


def ask(unit: Unit, booking: Booking) -> Booking:
    """Ask the mailbox alone whether the booking is its owner's: by a link, or by an answer."""
    kind = unit.config.appointment_type(booking.type)
    host = unit.config.host(booking.host)
    reads = booking.language or host.language
    rendered = unit.templates.mail(
        "confirm",
        reads,
        title=kind.title,
        host_name=host.name,
        start=booking.start,
        end=booking.end,
        zone=ZoneInfo(booking.zone) if booking.zone else host.timezone,
        host_zone=host.timezone,
        confirm_url=links.confirm_url(unit, booking),
        expires=kept_until(booking),
    )
    subject = unit.templates.languages.say(
        said("Please confirm: %(what)s", what=subject_of(unit, booking, kind)), reads
    )
    copy = Copy(
        Person(booking.client_name, booking.client_address),
        alternative(rendered.text, rendered.html),
        kept_until(booking),
    )
    send_apart(unit, apart(unit, host, booking.thread, subject, ()), Kind.NOTICE, [copy])
    unit.tell("booking.to_confirm", booking=booking.id)
    return booking


def confirm(unit: Unit, booking: Booking) -> Booking:
    """The booking confirmed, and announced; once is enough. Raises `Expired` when its time is kept no longer."""
    check_kept(unit, booking)
    if not change_status(unit.db, booking.id, Status.PENDING, Status.CONFIRMED):
        return booking
    return settle(unit, unit.db.change(booking, status=Status.CONFIRMED, stamp=unit.now))


def settle(unit: Unit, booking: Booking) -> Booking:
    """All that follows from a booking that stands: its reminders, and the news of it to everybody."""
    reminders.plan(unit, booking, unit.config.appointment_type(booking.type))
    return announce(unit, booking, News(Change.MADE))


def lapse(unit: Unit, booking: Booking) -> Booking:
    """The time of an unconfirmed booking free again, and nobody told: nobody has heard of it."""
    if change_status(unit.db, booking.id, Status.PENDING, Status.CANCELLED):
        unit.db.delete(Reserved, booking=booking.id)
        unit.tell("booking.lapsed", booking=booking.id)
    return unit.db.get(Booking, booking.id)


def lapse_due(unit: Unit) -> int:
    """Free the times that were kept long enough; returns how many."""
    due = pending_bookings(unit.db, unit.now - KEPT, AT_ONCE)
    for booking in due:
        lapse(unit, booking)
    return len(due)


def check_kept(unit: Unit, booking: Booking) -> None:
    """Raises `Expired` for a booking that was not confirmed in time."""
    was_late = booking.status is Status.PENDING and unit.now >= kept_until(booking)
    # Nobody was ever told of it: so it was never confirmed.
    has_lapsed = booking.status is Status.CANCELLED and not booking.announced
    if was_late or has_lapsed:
        raise Expired(said("this appointment was not confirmed in time"))


def kept_until(booking: Booking) -> datetime:
    """When an unconfirmed booking lapses."""
    return min(booking.created + KEPT, booking.start)
