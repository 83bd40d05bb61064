"""A booking in words: the mails about it, and the invite in them, for each of its people.

What all who read alike get alike is written once, and what is their own filled in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from mailflow import wording
from mailflow.appointments import links
from mailflow.appointments.attendees import language
from mailflow.appointments.itip import Invite, decline_counter, write_invite
from mailflow.appointments.uids import uid_of
from mailflow.config import AppointmentType, Host
from mailflow.mail.addresses import Person
from mailflow.mail.wire.writing import alternative, invitation
from mailflow.phrases import Said, said
from mailflow.post.conversations import addresses, display_name
from mailflow.rendering import Rendered, stand_in
from mailflow.spans import ahead
from mailflow.store.states import Role, Status
from mailflow.store.tables import Attendee, Booking
from mailflow.store.unit import Unit


class Change(StrEnum):
    """What happened to a booking."""

    MADE = "made"
    MOVED = "moved"
    CANCELLED = "cancelled"
    KEPT = "kept"
    """Another time was proposed, and the host keeps this one."""
    SHIFTED = "shifted"
    """It stays when it is, but the clocks of somebody's zone will show another time than they were told."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told of a booking."""

    change: Change
    was: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """On what the words of a mail depend, but for what is its recipient's own."""

    language: str
    zone: str | None
    attends: bool
    is_client: bool


class Telling:
    """A booking as its people are told of it in one transaction: `news` of it, or a reminder."""

    def __init__(self, unit: Unit, booking: Booking, news: News | None = None) -> None:
        self._unit = unit
        self._booking = booking
        self._news = news
        self._kind = unit.config.appointment_type(booking.type)
        self._host = unit.config.host(booking.host)
        self._template = "booking" if news else "reminder"
        self._confirmed = booking.status is Status.CONFIRMED
        # What stands for the others' names, and for the address of the recipient's page.
        self._names = stand_in("names", booking, news)
        self._page = f"https://{stand_in('page', booking, news)}"
        self._drafts: dict[tuple[str, Reader], Rendered] = {}
        self.attendees = unit.db.all(Attendee, booking=booking.id)

    def record(self) -> str:
        """What the record of a conversation keeps: the text, without anybody's links."""
        reader = self._reader(None, None)
        facts = self._facts(reader, self._others(None), None)
        return self._unit.templates.text(self._template, reader.language, **facts)

    def body(self, attendee: Attendee | None, zone: str | None) -> bytes:
        """The MIME fields and content for one recipient; the invite goes to attendees, and with a change alone."""
        reader = self._reader(attendee, zone)
        own = self._own(attendee, reader)
        mail = self._draft(self._template, reader).filled(own)
        if self._news is None or attendee is None:
            return alternative(mail.text, mail.html)
        invite = self._invite(attendee, reader, own)
        if self._news.change is Change.KEPT:
            calendar, method = decline_counter(invite), "DECLINECOUNTER"
        else:
            calendar, method = write_invite(invite), "CANCEL" if invite.cancelled else "REQUEST"
        return invitation(mail.text, mail.html, calendar, method)

    def invite(self, attendee: Attendee, zone: str | None) -> Invite:
        """The booking as one attendee's calendar takes it."""
        reader = self._reader(attendee, zone)
        return self._invite(attendee, reader, self._own(attendee, reader))

    def clocks(self) -> tuple[tuple[str, int], ...]:
        """The zones in which its time is told, and how far ahead of UTC each is then (s)."""
        told = {reader.zone for _, reader in self._drafts if reader.zone}
        zones = sorted(told | {self._host.timezone.key})
        return tuple((zone, ahead(zone, self._booking.start)) for zone in zones)

    def _invite(self, attendee: Attendee, reader: Reader, own: Mapping[str, str]) -> Invite:
        unit, booking = self._unit, self._booking
        return Invite(
            uid=uid_of(unit, booking),
            sequence=booking.sequence,
            stamp=booking.stamp,
            start=booking.start,
            end=booking.end,
            summary=unit.templates.languages.say(_what(self._kind, self._host), reader.language),
            description=self._draft("invite", reader).filled(own).text.strip(),
            location=self._kind.location,
            url=own[self._page] or None,
            organizer_name=self._host.name,
            organizer=addresses(unit).conversation(booking.host, booking.thread),
            attendee_name=attendee.name,
            attendee=attendee.address,
            chair=attendee.handle == booking.host,
            partstat=attendee.partstat,
            cancelled=not self._confirmed,
        )

    def _reader(self, attendee: Attendee | None, zone: str | None) -> Reader:
        return Reader(
            language=language(self._unit, self._booking, attendee),
            zone=zone,
            attends=attendee is not None,
            is_client=attendee is not None and attendee.role is Role.CLIENT,
        )

    def _own(self, attendee: Attendee | None, reader: Reader) -> Mapping[str, str]:
        """What is a recipient's own, by its stand-in."""
        url = links.booking_url(self._unit, self._booking, attendee) if attendee else None
        others = wording.names(self._others(attendee), reader.language)
        return {self._page: url or "", self._names: others}

    def _draft(self, template: str, reader: Reader) -> Rendered:
        """The words for all such readers, with stand-ins for what is a recipient's own."""
        if (draft := self._drafts.get((template, reader))) is not None:
            return draft
        has_page = reader.attends and self._unit.config.mailflow.public_url
        page = self._page if has_page and (self._confirmed or template != "invite") else None
        people = [self._names] if len(self.attendees) > reader.attends else []
        facts = self._facts(reader, people, page)
        draft = self._unit.templates.mail(template, reader.language, **facts)
        return self._drafts.setdefault((template, reader), draft)

    def _others(self, attendee: Attendee | None) -> list[str]:
        """The people of the booking by name, but for one."""
        return [
            display_name(Person(one.name, one.address))
            for one in self.attendees
            if attendee is None or one.id != attendee.id
        ]

    def _facts(self, reader: Reader, people: Sequence[str], page: str | None) -> dict[str, object]:
        booking, kind, host = self._booking, self._kind, self._host
        change_url = page if self._confirmed else None
        return {
            "title": kind.title,
            "host_name": host.name,
            "start": booking.start,
            "end": booking.end,
            "zone": ZoneInfo(reader.zone) if reader.zone else host.timezone,
            "zone_known": reader.zone is not None or not reader.attends,
            "host_zone": host.timezone,
            "location": kind.location,
            "description": kind.description,
            "answers": booking.answers,
            "people": people,
            "page_url": page,
            "move_url": change_url and f"{change_url}/move",
            "cancel_url": change_url and f"{change_url}/cancel",
            **(self._told(self._news, reader) if self._news else {}),
        }

    def _told(self, news: News, reader: Reader) -> dict[str, object]:
        """The facts of what happened, and of what a reader may do about it."""
        unit, booking, kind = self._unit, self._booking, self._kind
        rebook_url = None
        if reader.attends and not self._confirmed:
            rebook_url = links.type_url(unit, booking.host, kind.slug)
        in_time = unit.now <= booking.start - kind.change_notice
        return {
            "change": news.change.value,
            "was": news.was,
            "by": news.by,
            "rebook_url": rebook_url,
            "may_ask_anew": reader.is_client and not self._confirmed and rebook_url is None,
            "how_to_answer": reader.is_client and self._confirmed and in_time,
        }


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
