"""The invite: a booking as its recipient's calendar shall have it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from icalendar import Calendar, Component, Event, vCalAddress, vText

from mailflow.appointments.itip import texts
from mailflow.errors import UnsafeValue

PRODUCT = "-//mailflow//appointments//EN"
LONGEST_LINE = 75  # octets, RFC 5545 section 3.1


@dataclass(frozen=True, slots=True)
class Invite:
    """One recipient's copy of a booking, as their calendar shall have it."""

    uid: str  # <booking-id>@<domain>, for the booking's whole life
    sequence: int  # up by one at every change
    stamp: datetime  # when the booking was made or changed
    start: datetime  # UTC, as the end
    end: datetime
    summary: str
    description: str  # tells the local time and the name of its zone, too
    location: str
    url: str | None
    organizer_name: str
    organizer: str  # the conversation address
    attendee_name: str
    attendee: str
    chair: bool  # the host's own copy
    partstat: str  # NEEDS-ACTION, or the answer we know
    cancelled: bool


class _Text(vText):
    """TEXT (RFC 5545 section 3.3.11). vText breaks the line at the backslash of `C:\\News`."""

    _ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})

    def to_ical(self) -> bytes:
        return self.translate(self._ESCAPES).encode()


def write_invite(invite: Invite) -> bytes:
    """The calendar of a booking's mail: METHOD REQUEST, or CANCEL (RFC 5546 section 3.2).

    The same invite gives the same bytes. Raises UnsafeValue where a value would become more than
    a value.
    """
    return _written(invite, method="CANCEL" if invite.cancelled else "REQUEST")


def decline_counter(invite: Invite) -> bytes:
    """The calendar that says to who proposed another time: it stays as it was (RFC 5546 section 3.2.8).

    Raises UnsafeValue as `write_invite` does.
    """
    return _written(invite, method="DECLINECOUNTER")


def publish(invite: Invite) -> bytes:
    """The .ics file of the booking's page, for a calendar to import.

    It is the invite's own event, so that a change that comes by mail finds it, and has no METHOD,
    so that nobody is asked for an answer. Raises UnsafeValue as `write_invite` does.
    """
    return _written(invite, method=None)


def entry(invite: Invite) -> bytes:
    """The booking as it is put into the host's own calendar on a server (RFC 4791).

    The mails about it are ours: the server must send none (SCHEDULE-AGENT, RFC 6638 section 7.1).
    Raises UnsafeValue as `write_invite` does.
    """
    return _written(invite, method=None, scheduled_by_us=True)


def _written(invite: Invite, method: str | None, *, scheduled_by_us: bool = False) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if method:
        calendar.add("method", method)
    event = _event(invite)
    if scheduled_by_us:
        for person in (event["ORGANIZER"], event["ATTENDEE"]):
            person.params["SCHEDULE-AGENT"] = "CLIENT"
    calendar.add_component(event)
    octets: bytes = calendar.to_ical()
    if not _is_faithful(octets, calendar):
        raise UnsafeValue(f"the invite {invite.uid!r} would not be read as it is meant")
    return octets


def _event(invite: Invite) -> Event:
    for identifier in (invite.uid, invite.url or "", invite.organizer, invite.attendee):
        if identifier != texts.line(identifier):
            raise UnsafeValue(f"{identifier!r} has control characters or outer blanks")
    event = Event()
    event.add("uid", _Text(invite.uid))
    event.add("sequence", invite.sequence)
    event.add("dtstamp", invite.stamp)
    event.add("dtstart", invite.start)
    event.add("dtend", invite.end)
    event.add("status", "CANCELLED" if invite.cancelled else "CONFIRMED")
    event.add("summary", _Text(texts.line(invite.summary)))
    if description := texts.lines(invite.description).strip():
        event.add("description", _Text(description))
    if location := texts.line(invite.location):
        event.add("location", _Text(location))
    if invite.url:
        event.add("url", invite.url)
    event.add("organizer", _person(invite.organizer, invite.organizer_name))
    event.add("attendee", _attendee(invite))
    return event


def _attendee(invite: Invite) -> vCalAddress:
    attendee = _person(invite.attendee, invite.attendee_name)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "CHAIR" if invite.chair else "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = "ACCEPTED" if invite.chair else invite.partstat
    attendee.params["RSVP"] = "TRUE"
    return attendee


def _person(address: str, name: str) -> vCalAddress:
    # Most calendars compare these letter by letter: encode only what would end the address.
    person = vCalAddress("mailto:" + quote(address, safe="!$&'*+,/;=@^`{|}~"))
    # A parameter cannot hold a quotation mark; at a backslash or a colon some readers lose its end.
    if common_name := texts.line(name.translate({ord('"'): "'", ord("\\"): "/", ord(":"): None})):
        person.params["CN"] = common_name
    return person


def _is_faithful(octets: bytes, calendar: Calendar) -> bool:
    """Whether `octets` has the properties of `calendar` and no others, in lines as they must be."""
    lines = octets.split(b"\r\n")
    if any(len(line) > LONGEST_LINE or b"\r" in line or b"\n" in line for line in lines):
        return False
    try:
        return _outline(Calendar.from_ical(octets)) == _outline(calendar)
    except ValueError:
        return False


def _outline(calendar: Component) -> list[tuple[str, list[str]]]:
    return [
        (name, sorted(getattr(value, "params", ()))) for name, value in calendar.property_items()
    ]
