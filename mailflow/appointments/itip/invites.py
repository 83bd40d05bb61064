"""The invite: a booking as its recipient's calendar shall have it."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from mailflow.appointments.itip import texts
from mailflow.appointments.itip.writing import content_line, escaped
from mailflow.errors import UnsafeValue

PRODUCT = "-//mailflow//appointments//EN"
_OPTIONAL = frozenset({"METHOD", "DESCRIPTION", "LOCATION", "URL"})  # not said where empty
_UTC = "%Y%m%dT%H%M%SZ"


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
    for identifier in (invite.uid, invite.url or "", invite.organizer, invite.attendee):
        if identifier != texts.line(identifier):
            raise UnsafeValue(f"{identifier!r} has control characters or outer blanks")
    agent = {"SCHEDULE-AGENT": "CLIENT"} if scheduled_by_us else {}
    lines: list[tuple[str, str, dict[str, str]]] = [
        ("BEGIN", "VCALENDAR", {}),
        ("VERSION", "2.0", {}),
        ("PRODID", PRODUCT, {}),
        ("CALSCALE", "GREGORIAN", {}),
        ("METHOD", method or "", {}),
        ("BEGIN", "VEVENT", {}),
        ("SUMMARY", escaped(texts.line(invite.summary)), {}),
        ("DTSTART", f"{invite.start:{_UTC}}", {}),
        ("DTEND", f"{invite.end:{_UTC}}", {}),
        ("DTSTAMP", f"{invite.stamp:{_UTC}}", {}),
        ("UID", escaped(invite.uid), {}),
        ("SEQUENCE", str(invite.sequence), {}),
        ("ATTENDEE", _uri(invite.attendee), _attendance(invite) | agent),
        ("DESCRIPTION", escaped(texts.lines(invite.description).strip()), {}),
        ("LOCATION", escaped(texts.line(invite.location)), {}),
        ("ORGANIZER", _uri(invite.organizer), _common_name(invite.organizer_name) | agent),
        ("STATUS", "CANCELLED" if invite.cancelled else "CONFIRMED", {}),
        ("URL", invite.url or "", {}),
        ("END", "VEVENT", {}),
        ("END", "VCALENDAR", {}),
    ]
    return b"".join(content_line(*line) for line in lines if line[1] or line[0] not in _OPTIONAL)


def _attendance(invite: Invite) -> dict[str, str]:
    return _common_name(invite.attendee_name) | {
        "CUTYPE": "INDIVIDUAL",
        "PARTSTAT": "ACCEPTED" if invite.chair else invite.partstat,
        "ROLE": "CHAIR" if invite.chair else "REQ-PARTICIPANT",
        "RSVP": "TRUE",
    }


def _uri(address: str) -> str:
    # Most calendars compare these letter by letter: encode only what would end the address.
    return "mailto:" + quote(address, safe="!$&'*+,/;=@^`{|}~")


def _common_name(name: str) -> dict[str, str]:
    # A parameter cannot hold a quotation mark; at a backslash or a colon some readers lose its end.
    spoken = texts.line(name.translate({ord('"'): "'", ord("\\"): "/", ord(":"): None}))
    return {"CN": spoken} if spoken else {}
