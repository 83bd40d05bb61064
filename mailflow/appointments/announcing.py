"""Telling everybody of a booking: where, by the type's policy, and with an invite for each attendee."""

from datetime import datetime

from mailflow.appointments import calendars, policy
from mailflow.appointments.attendees import known_zone
from mailflow.appointments.policy import Announcement, Origin
from mailflow.appointments.telling import Change, News, Telling, subject_of
from mailflow.config import AppointmentType
from mailflow.mail.addresses import Person, normalise
from mailflow.post.conversations import (
    join,
    join_host,
    open_conversation,
    recipients,
)
from mailflow.post.copies import Copy
from mailflow.post.letters import Letter, post, send_apart
from mailflow.post.record import know
from mailflow.post.threads import apart
from mailflow.store.states import Kind, Role, Status
from mailflow.store.tables import Attendee, Booking, Conversation
from mailflow.store.unit import Unit


def attend(unit: Unit, booking: Booking, kind: AppointmentType) -> None:
    """The people of a booking: the type's hosts, the client, the type's participants."""
    for handle in kind.hosts:
        host = unit.config.host(handle)
        _attend(unit, booking, Person(host.name, host.email), Role.HOST, handle)
    _attend(unit, booking, Person(booking.client_name, booking.client_address), Role.CLIENT)
    for address in kind.participants:
        _attend(unit, booking, Person("", address), Role.PARTICIPANT)


def revise(unit: Unit, booking: Booking, **values: object) -> Booking:
    """The booking with these values changed; calendars know by SEQUENCE and DTSTAMP that its next invite is newer."""
    stamp = max(booking.stamp, unit.now)
    return unit.db.change(booking, sequence=booking.sequence + 1, stamp=stamp, **values)


def announce(unit: Unit, booking: Booking, news: News) -> Booking:
    """Mail the news to all concerned: in the booking's conversation, or outside any by the policy `none`."""
    if news.change is Change.MADE:
        booking = _settle(unit, booking)
    calendars.want_entries(unit, booking)
    unit.tell(f"booking.{news.change}", booking=booking.id)
    return _tell(unit, booking, Kind.BOOKING, news)


def open_thread(unit: Unit, thread: str) -> Conversation | None:
    """The conversation that an answer to a booking outside any opens; None if no booking was announced there."""
    booking = unit.db.find(Booking, thread=thread)
    if booking is None or not booking.announced:
        return None
    kind = unit.config.appointment_type(booking.type)
    conversation = open_conversation(unit, booking.host, booking.subject, ident=thread)
    _gather(unit, booking, kind, conversation)
    know(unit, conversation, (*booking.announced, *booking.repeated))
    return conversation


def remind(unit: Unit, booking: Booking) -> Booking:
    """Mail a reminder of the booking to all concerned, in the thread where it was announced."""
    return _tell(unit, booking, Kind.REMINDER, None)


def tell_again(unit: Unit, booking: Booking, attendee: Attendee) -> None:
    """The booking as it stands, with its invite, to one attendee who lost it."""
    change = Change.CANCELLED if booking.status is Status.CANCELLED else Change.MADE
    _tell_one(unit, booking, attendee, News(change))


def tell_kept(unit: Unit, booking: Booking, attendee: Attendee) -> None:
    """That the booking stays as it is, to the attendee who proposed another time."""
    host = unit.config.host(booking.host)
    _tell_one(unit, booking, attendee, News(Change.KEPT, by=host.name))


def _tell_one(unit: Unit, booking: Booking, attendee: Attendee, news: News) -> None:
    host = unit.config.host(booking.host)
    thread = apart(unit, host, booking.thread, booking.subject, booking.announced)
    body = Telling(unit, booking, news).body(attendee, known_zone(unit, booking, attendee))
    send_apart(unit, thread, Kind.BOOKING, [Copy(Person(attendee.name, attendee.address), body)])
    unit.db.change(booking, repeated=(*booking.repeated, thread.message_id))


def _settle(unit: Unit, booking: Booking) -> Booking:
    """Decide the thread of a new booking, and bring its people into it."""
    kind = unit.config.appointment_type(booking.type)
    origin = Origin.OFFER if booking.offered_in else Origin.LINK
    where = policy.announce(kind.conversation, origin)
    subject = subject_of(unit, booking, kind)
    if where is Announcement.OUTSIDE:
        return unit.db.change(booking, subject=subject)
    if where is Announcement.IN_CONVERSATION and booking.offered_in:
        conversation = unit.db.get(Conversation, booking.offered_in)
    else:
        conversation = open_conversation(unit, booking.host, subject, ident=booking.thread)
    _gather(unit, booking, kind, conversation)
    return unit.db.change(booking, thread=conversation.id, subject=conversation.subject)


def _gather(
    unit: Unit, booking: Booking, kind: AppointmentType, conversation: Conversation
) -> None:
    for handle in kind.hosts:
        join_host(unit, conversation, unit.config.host(handle))
    person = Person(booking.client_name, booking.client_address)
    client = join(unit, conversation, person, Role.CLIENT)
    zone, reads = booking.zone or client.zone, booking.language or client.language
    if (zone, reads) != (client.zone, client.language):
        unit.db.change(client, zone=zone, language=reads)
    for address in kind.participants:
        join(unit, conversation, Person("", address), Role.PARTICIPANT)
    # Who is in the conversation hears of the appointment, and can put it into a calendar.
    for one in recipients(unit, conversation):
        _attend(unit, booking, Person(one.name, one.address), one.role, one.handle)


def _attend(
    unit: Unit, booking: Booking, person: Person, role: Role, handle: str | None = None
) -> None:
    key = normalise(person.address)
    if unit.db.find(Attendee, booking=booking.id, address_key=key) is None:
        unit.db.insert(Attendee(0, booking.id, person.address, key, person.name, role, handle))


def _tell(unit: Unit, booking: Booking, kind: Kind, news: News | None) -> Booking:
    conversation = unit.db.find(Conversation, id=booking.thread)
    telling = Telling(unit, booking, news)
    until = booking.start if news is None else None  # a reminder of what is past reminds of nothing
    if conversation is not None:
        attendees = {one.address_key: one for one in telling.attendees}
        letter = Letter(
            kind=kind,
            text=telling.record(),
            body=lambda one: telling.body(attendees.get(one.address_key), one.zone),
            until=until,
        )
        message_id = post(unit, conversation, letter).message_id
    else:
        host = unit.config.host(booking.host)
        thread = apart(unit, host, booking.thread, booking.subject, booking.announced)
        message_id = thread.message_id
        send_apart(unit, thread, kind, _copies_apart(unit, booking, telling, until))
    return unit.db.change(
        booking, announced=(*booking.announced, message_id), clocks=telling.clocks()
    )


def _copies_apart(
    unit: Unit, booking: Booking, telling: Telling, until: datetime | None
) -> list[Copy]:
    return [
        Copy(
            Person(one.name, one.address),
            telling.body(one, known_zone(unit, booking, one)),
            until,
        )
        for one in telling.attendees
    ]
