"""Appointments: offered, booked, and what follows from a booking."""

from dataclasses import dataclass
from datetime import datetime

from mailflow.store.columns import table
from mailflow.store.states import OfferState, Role, Status


@table(indexes=[("conversation", "type")])
@dataclass(frozen=True, slots=True)
class Offer:
    """A message that lists free slots of one appointment type."""

    id: str
    conversation: str
    type: str
    message_id: str
    created: datetime
    expires: datetime
    state: OfferState = OfferState.OPEN
    only: int | None = None
    """The one participant whom it is for, if it is for one."""
    moves: str | None = None
    """The booking that a choice moves, if it offers other times for one."""
    explicit: bool = False
    """Its times were named by the host: they may break hours and notice."""
    repeated: tuple[str, ...] = ()
    """Ids of further mails of it, each to one person: an answer to one is an answer to it."""


@table(unique=[("offer", "number")])
@dataclass(frozen=True, slots=True)
class OfferedSlot:
    """One numbered time of an offer."""

    id: int
    offer: str
    number: int
    start: datetime
    end: datetime


@table(indexes=[("offer",), ("thread",), ("status", "start"), ("type", "start")])
@dataclass(frozen=True, slots=True)
class Booking:
    """One appointment. `thread` names its conversation, which opens only with a reply when the policy is `none`."""

    id: str
    type: str
    host: str
    """Handle of the first host, who owns it."""
    thread: str
    client_name: str
    client_address: str
    start: datetime
    end: datetime
    created: datetime
    stamp: datetime
    """When it was last changed: DTSTAMP of its invites, which never goes back."""
    zone: str | None = None
    """The client's time zone, once known."""
    language: str | None = None
    """The language that the client booked in (BCP 47), if it was on a page."""
    status: Status = Status.CONFIRMED
    sequence: int = 0
    announced: tuple[str, ...] = ()
    """Ids of the mails about it, oldest first: later ones answer them."""
    repeated: tuple[str, ...] = ()
    """Ids of those that only one attendee got."""
    clocks: tuple[tuple[str, int], ...] = ()
    """The zones in which its time was told last, and how many seconds ahead of UTC their clocks are at its start, as
    far as was known then."""
    subject: str = ""
    """Of the thread that those mails make."""
    offer: str | None = None
    offered_in: str | None = None
    answers: tuple[tuple[str, str], ...] = ()


@table(unique=[("booking", "address_key")], indexes=[("address_key",)])
@dataclass(frozen=True, slots=True)
class Attendee:
    """A person of one booking."""

    id: int
    booking: str
    address: str
    address_key: str
    name: str
    role: Role
    handle: str | None = None
    partstat: str = "NEEDS-ACTION"
    """What the person's calendar answered (RFC 5545, section 3.2.12)."""
    answered: datetime | None = None
    sequence: int = 0
    """The state of the booking that was answered."""
    refreshed: datetime | None = None
    """When the invite was sent again because the calendar asked."""


@table()
@dataclass(frozen=True, slots=True)
class Proposal:
    """Another time that an attendee's calendar proposed (RFC 5546, section 3.2.7), put to the host."""

    id: str
    booking: str
    attendee: int
    start: datetime
    asked: datetime
    answered: bool = False


@table(indexes=[("host", "start"), ("booking",)])
@dataclass(frozen=True, slots=True)
class Reserved:
    """A host's time that a booking takes, buffers and all: the database refuses two that overlap."""

    id: int
    host: str
    booking: str
    start: datetime
    end: datetime


@table(indexes=[("sent", "at"), ("booking",)])
@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder of a booking; it goes with the booking's state, so a change makes new ones."""

    id: int
    booking: str
    at: datetime
    sent: bool = False
