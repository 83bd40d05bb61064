"""Telling everybody of a booking: where, by the type's policy, and with an invite for each attendee."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from mailflow import wording
from mailflow.appointments import calendars, links, policy
from mailflow.appointments.attendees import known_zone, language
from mailflow.appointments.itip import Invite, decline_counter, write_invite
from mailflow.appointments.policy import Announcement, Origin
from mailflow.appointments.uids import uid_of
from mailflow.config import AppointmentType, Host
from mailflow.mail.addresses import Person, normalise
from mailflow.mail.writing import alternative, invitation
from mailflow.phrases import Said, said
from mailflow.post.conversations import (
    addresses,
    display_name,
    join,
    join_host,
    open_conversation,
    recipients,
)
from mailflow.post.copies import Copy
from mailflow.post.letters import Letter, post, send_apart
from mailflow.post.record import know
from mailflow.post.threads import apart
from mailflow.rendering import Rendered
from mailflow.store.states import Kind, Role, Status
from mailflow.store.tables import Attendee, Booking, Conversation, Participant
from mailflow.store.unit import Unit


class Change(StrEnum):
    """What happened to a booking."""

    MADE = "made"
    MOVED = "moved"
    CANCELLED = "cancelled"
    KEPT = "kept"
    """Another time was proposed, and the host keeps this one."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told of a booking."""

    change: Change
    was: datetime | None = None
    by: str | None = None


def attend(unit: Unit, booking: Booking, kind: AppointmentType) -> None:
    """The people of a booking: the type's hosts, the client, the type's participants."""
    for handle in kind.hosts:
        host = unit.config.host(handle)
        _attend(unit, booking, Person(host.name, host.email), Role.HOST, handle)
    _attend(unit, booking, Person(booking.client_name, booking.client_address), Role.CLIENT)
    for address in kind.participants:
        _attend(unit, booking, Person("", address), Role.PARTICIPANT)


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
    body = _body(unit, booking, news, attendee, known_zone(unit, booking, attendee))
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
    if conversation is not None:
        letter = Letter(
            kind=kind,
            text=_rendered(unit, booking, news, None, None).text,
            body=lambda one: _body(unit, booking, news, _attendee(unit, booking, one), one.zone),
            until=_until(booking, news),
        )
        message_id = post(unit, conversation, letter).message_id
    else:
        host = unit.config.host(booking.host)
        thread = apart(unit, host, booking.thread, booking.subject, booking.announced)
        message_id = thread.message_id
        send_apart(unit, thread, kind, _copies_apart(unit, booking, news))
    return unit.db.change(booking, announced=(*booking.announced, message_id))


def _copies_apart(unit: Unit, booking: Booking, news: News | None) -> list[Copy]:
    return [
        Copy(
            Person(one.name, one.address),
            _body(unit, booking, news, one, known_zone(unit, booking, one)),
            _until(booking, news),
        )
        for one in unit.db.all(Attendee, booking=booking.id)
    ]


def _until(booking: Booking, news: News | None) -> datetime | None:
    return booking.start if news is None else None  # a reminder of what is past reminds of nothing


def _attendee(unit: Unit, booking: Booking, one: Participant) -> Attendee | None:
    return unit.db.find(Attendee, booking=booking.id, address_key=one.address_key)


def _body(
    unit: Unit, booking: Booking, news: News | None, attendee: Attendee | None, zone: str | None
) -> bytes:
    """The MIME fields and content for one recipient; the invite goes to attendees, and with a change alone."""
    rendered = _rendered(unit, booking, news, attendee, zone)
    if news is None or attendee is None:
        return alternative(rendered.text, rendered.html)
    invite = invite_of(unit, booking, attendee, zone)
    if news.change is Change.KEPT:
        calendar, method = decline_counter(invite), "DECLINECOUNTER"
    else:
        calendar, method = write_invite(invite), "CANCEL" if invite.cancelled else "REQUEST"
    return invitation(rendered.text, rendered.html, calendar, method)


def _rendered(
    unit: Unit, booking: Booking, news: News | None, attendee: Attendee | None, zone: str | None
) -> Rendered:
    kind = unit.config.appointment_type(booking.type)
    host = unit.config.host(booking.host)
    cancelled = booking.status is Status.CANCELLED
    for_client = attendee is not None and attendee.role is Role.CLIENT
    rebook_url = links.type_url(unit, booking.host, kind.slug) if cancelled and attendee else None
    reads = language(unit, booking, attendee)
    page_url = links.booking_url(unit, booking, attendee) if attendee else None
    change_url = None if cancelled else page_url
    facts = {
        "title": kind.title,
        "host_name": host.name,
        "start": booking.start,
        "end": booking.end,
        "zone": ZoneInfo(zone) if zone else host.timezone,
        "zone_known": zone is not None or attendee is None,
        "host_zone": host.timezone,
        "location": kind.location,
        "description": kind.description,
        "people": names(unit, booking, attendee),
        "page_url": page_url,
        "move_url": change_url and f"{change_url}/move",
        "cancel_url": change_url and f"{change_url}/cancel",
    }
    if news is None:
        return unit.templates.mail("reminder", reads, **facts)
    return unit.templates.mail(
        "booking",
        reads,
        **facts,
        change=news.change.value,
        was=news.was,
        by=news.by,
        answers=booking.answers,
        rebook_url=rebook_url,
        may_ask_anew=for_client and cancelled and rebook_url is None,
        how_to_answer=for_client
        and not cancelled
        and unit.now <= booking.start - kind.change_notice,
    )


def names(unit: Unit, booking: Booking, without: Attendee | None = None) -> list[str]:
    """The people of a booking by name, but for one."""
    return [
        display_name(Person(one.name, one.address))
        for one in unit.db.all(Attendee, booking=booking.id)
        if without is None or one.id != without.id
    ]


def invite_of(unit: Unit, booking: Booking, attendee: Attendee, zone: str | None) -> Invite:
    """The booking as one attendee's calendar takes it."""
    kind = unit.config.appointment_type(booking.type)
    host = unit.config.host(booking.host)
    owner = attendee.handle == booking.host
    reads = language(unit, booking, attendee)
    confirmed = booking.status is Status.CONFIRMED
    url = links.booking_url(unit, booking, attendee)
    return Invite(
        uid=uid_of(unit, booking),
        sequence=booking.sequence,
        stamp=booking.stamp,
        start=booking.start,
        end=booking.end,
        summary=unit.templates.languages.say(_what(kind, host), reads),
        description=unit.templates.text(
            "invite",
            reads,
            title=kind.title,
            host_name=host.name,
            start=booking.start,
            end=booking.end,
            zone=ZoneInfo(zone) if zone else host.timezone,
            description=kind.description,
            people=names(unit, booking, attendee),
            answers=booking.answers,
            page_url=url if confirmed else None,
        ).strip(),
        location=kind.location,
        url=url,
        organizer_name=host.name,
        organizer=addresses(unit).conversation(booking.host, booking.thread),
        attendee_name=attendee.name,
        attendee=attendee.address,
        chair=owner,
        partstat=attendee.partstat,
        cancelled=not confirmed,
    )


def subject_of(unit: Unit, booking: Booking, kind: AppointmentType) -> str:
    """What a thread about a booking is called, in the client's language."""
    host = unit.config.host(booking.host)
    subject = said(
        "%(what)s: %(when)s",
        what=_what(kind, host),
        when=partial(wording.when, booking.start, host.timezone),
    )
    return unit.templates.languages.say(subject, booking.language or host.language)


def _what(kind: AppointmentType, host: Host) -> Said:
    return said("%(title)s with %(host)s", title=kind.title, host=host.name)
