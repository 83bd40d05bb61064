"""Bookings: made, moved and cancelled, each as one transaction with everything that follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailflow.appointments import calendars, confirming, reminders, slots
from mailflow.appointments.announcing import announce, attend, revise
from mailflow.appointments.offers import check_open
from mailflow.appointments.telling import Change, News
from mailflow.config import AppointmentType
from mailflow.errors import NotFound, SlotTaken, TooLate
from mailflow.keys import new_id
from mailflow.mail.addresses import Person, normalise
from mailflow.phrases import said
from mailflow.spans import Span
from mailflow.store.queries import bookings_of_type, reserve
from mailflow.store.states import Role, Status
from mailflow.store.tables import Attendee, Booking, Offer, OfferedSlot, Participant, Reserved
from mailflow.store.unit import Unit

NEEDS_ACTION = "NEEDS-ACTION"

MOST_MOVES = 100
"""Of one booking: each one is a mail to everybody in it."""

Answers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants to book."""

    kind: AppointmentType
    start: datetime
    client: Person
    zone: str | None = None
    """IANA name of the client's time zone, once known."""
    answers: Answers = ()
    language: str | None = None
    """The language of the page where the client booked, if it was on one."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A time of an offer that a participant may have: as `check_pick` found it in the same transaction."""

    offer: Offer
    start: datetime
    client: Participant
    standing: Booking | None
    """The client's own booking, which this time moves, or is already."""


def pick(
    unit: Unit,
    chosen: Pick,
    *,
    zone: str | None = None,
    language: str | None = None,
    answers: Answers = (),
) -> Booking:
    """What a participant's choice of a time of an offer comes to.

    The first who picks is the offer's client; the same choice again is the same booking, another one moves it.
    """
    client, standing, start = chosen.client, chosen.standing, chosen.start
    kind = unit.config.appointment_type(chosen.offer.type)
    client = unit.db.change(client, zone=zone or client.zone, language=language or client.language)
    if standing is not None:
        again = standing.start == start
        return standing if again else _move(unit, standing, kind, start, client.name)
    person = Person(client.name, client.address)
    wanted = Wanted(kind, start, person, client.zone, answers, client.language)
    return _make(unit, wanted, chosen.offer)


def check_pick(unit: Unit, offer: Offer, start: datetime, client: Participant) -> Pick:
    """Whether a participant may have a time of an offer; it changes nothing.

    Raises `Expired`, `SlotTaken`, `NotFound` (an offer that is for somebody else).
    """
    standing = booking_of(unit, offer)
    mine = standing is not None and standing.start == start and is_client(standing, client)
    if not mine:
        _check_is_for(unit, offer, client, standing)
        calendars.check_read(unit, unit.config.appointment_type(offer.type).hosts)
        if not is_pickable(unit, offer, start, moving=standing):
            raise SlotTaken(said("that time is not free"))
    return Pick(offer, start, client, standing)


def check_may_pick(unit: Unit, offer: Offer, client: Participant) -> Booking | None:
    """As `check_pick`, whatever the time; returns the client's own booking, if there is one."""
    standing = booking_of(unit, offer)
    _check_is_for(unit, offer, client, standing)
    return standing


def _check_is_for(unit: Unit, offer: Offer, client: Participant, standing: Booking | None) -> None:
    if standing is not None and not is_client(standing, client):
        raise SlotTaken(said("somebody else has picked a time of this offer already"))
    check_open(unit, offer)
    if standing is not None:
        check_changeable(unit, standing)
    elif client.role is Role.HOST or offer.only not in (None, client.id):
        raise NotFound("offer", offer.id)


def is_pickable(
    unit: Unit, offer: Offer, start: datetime, *, moving: Booking | None = None
) -> bool:
    """Whether a time is free for who picks from an offer; one that the host named may break hours and notice."""
    kind = unit.config.appointment_type(offer.type)
    named = offer.explicit and unit.db.find(OfferedSlot, offer=offer.id, start=start) is not None
    allowed = slots.is_clear if named else slots.is_free
    return allowed(unit, kind, start, moving=moving)


def is_client(booking: Booking, one: Participant) -> bool:
    """Whether that participant is the one who booked."""
    return normalise(booking.client_address) == one.address_key


def booking_of(unit: Unit, offer: Offer) -> Booking | None:
    """The booking that was made from an offer, or that it offers other times for, if it stands."""
    if offer.moves:
        return unit.db.find(Booking, id=offer.moves, status=Status.CONFIRMED)
    made = unit.db.all(Booking, offer=offer.id)
    return next((one for one in made if one.status is not Status.CANCELLED), None)


def book(unit: Unit, wanted: Wanted) -> Booking:
    """A booking from the scheduling link; the same wish again is the same booking.

    Of an address that never wrote to the host it waits to be confirmed, where the type says so.
    Raises `SlotTaken`, `TooMany`.
    """
    at_that_time = Span(wanted.start, wanted.start + wanted.kind.duration)
    for booking in bookings_of_type(unit.db, wanted.kind.slug, at_that_time):
        same_client = normalise(booking.client_address) == normalise(wanted.client.address)
        if same_client and booking.start == wanted.start:
            return booking
    calendars.check_read(unit, wanted.kind.hosts)
    if not slots.is_free(unit, wanted.kind, wanted.start):
        raise SlotTaken(said("that time is not free"))
    if confirming.is_known(unit, wanted.kind, wanted.client):
        return _make(unit, wanted, None)
    confirming.check_mailbox(unit, wanted.client)
    return _make(unit, wanted, None, pending=wanted.kind.confirm_public)


def move(
    unit: Unit, booking: Booking, start: datetime, *, by: str | None = None, named: bool = False
) -> Booking:
    """The booking at another time, told to all; at the same time already, nothing happens.

    `by` is the name of who did it; `named` marks a time that the host named, which may break hours and notice.
    Raises `SlotTaken`, `TooLate` (it was cancelled, or is not confirmed yet).
    """
    if booking.status is Status.CANCELLED:
        raise TooLate(said("this appointment was cancelled"))
    if booking.status is Status.PENDING:
        raise TooLate(said("this appointment is not confirmed yet"))
    if booking.start == start:
        return booking
    kind = unit.config.appointment_type(booking.type)
    calendars.check_read(unit, kind.hosts)
    allowed = slots.is_clear if named else slots.is_free
    if not allowed(unit, kind, start, moving=booking):
        raise SlotTaken(said("that time is not free"))
    return _move(unit, booking, kind, start, by)


def cancel(unit: Unit, booking: Booking, by: str | None = None) -> Booking:
    """The booking cancelled, its time free, all told; once is enough. `by` is the name of who did it."""
    if booking.status is Status.CANCELLED:
        return booking
    if booking.status is Status.PENDING:
        return confirming.lapse(unit, booking)
    unit.db.delete(Reserved, booking=booking.id)
    reminders.forget(unit, booking)
    cancelled = revise(unit, booking, status=Status.CANCELLED)
    return announce(unit, cancelled, News(Change.CANCELLED, by=by))


def check_changeable(unit: Unit, booking: Booking) -> None:
    """Raises `TooLate` when a client may not change a booking any more."""
    kind = unit.config.appointment_type(booking.type)
    if unit.now > booking.start - kind.change_notice:
        raise TooLate(said("it is too late to change this appointment here"))


def _make(unit: Unit, wanted: Wanted, offer: Offer | None, *, pending: bool = False) -> Booking:
    kind = wanted.kind
    booking = Booking(
        id=new_id(unit.random),
        type=kind.slug,
        host=kind.hosts[0],
        thread=new_id(unit.random),
        client_name=wanted.client.name,
        client_address=wanted.client.address,
        start=wanted.start,
        end=wanted.start + kind.duration,
        created=unit.now,
        stamp=unit.now,
        zone=wanted.zone,
        language=wanted.language,
        status=Status.PENDING if pending else Status.CONFIRMED,
        offer=offer.id if offer else None,
        offered_in=offer.conversation if offer else None,
        answers=tuple(wanted.answers),
    )
    reserve(unit.db, booking.id, kind.hosts, slots.padded(kind, booking.start))
    booking = unit.db.insert(booking)
    attend(unit, booking, kind)
    return confirming.ask(unit, booking) if pending else confirming.settle(unit, booking)


def _move(
    unit: Unit, booking: Booking, kind: AppointmentType, start: datetime, by: str | None
) -> Booking:
    if booking.sequence >= MOST_MOVES:
        raise TooLate(said("this appointment was moved too often"))
    unit.db.delete(Reserved, booking=booking.id)
    reserve(unit.db, booking.id, kind.hosts, slots.padded(kind, start))
    reminders.forget(unit, booking)
    moved = revise(unit, booking, start=start, end=start + kind.duration)
    for attendee in unit.db.all(Attendee, booking=booking.id):
        # Who had accepted has not seen the new time yet.
        unit.db.change(attendee, partstat=NEEDS_ACTION)
    reminders.plan(unit, moved, kind)
    return announce(unit, moved, News(Change.MOVED, booking.start, by))
