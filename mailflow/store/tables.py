"""Every table of mailflow, as the frozen record that its rows are.

Instants are aware and UTC. Addresses stand as they were written; an `…_key` beside one is its form for comparison.
Message ids stand without angle brackets.
"""

from dataclasses import dataclass
from datetime import datetime

from mailflow.store.columns import table
from mailflow.store.states import (
    Direction,
    Doubt,
    Kind,
    OfferState,
    Role,
    Sending,
    Standing,
    Status,
    Taken,
)


@table()
@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes kept once, named by their SHA-256 in hex."""

    digest: str
    content: bytes


@table(indexes=[("state", "id"), ("message_id",)])
@dataclass(frozen=True, slots=True)
class TakenMail:
    """A mail that was answered with 250."""

    id: int
    at: datetime
    sender: str
    """Envelope sender; empty for the null sender."""
    recipients: tuple[str, ...]
    peer: str
    blob: str
    helo: str = ""
    state: Taken = Taken.TAKEN
    attempts: int = 0
    message_id: str | None = None
    digest: str = ""
    """Of the content, once it was read: the same mail, sent again, has the same."""
    reason: str = ""
    """Why it is held, parked or dropped."""


@table(indexes=[("host", "last_at"), ("host", "thread_index")])
@dataclass(frozen=True, slots=True)
class Conversation:
    """One mail thread between a host, clients and other participants."""

    id: str
    host: str
    """Handle of the host who owns it."""
    subject: str
    created: datetime
    last_at: datetime
    host_wrote: bool = False
    """Until the host has written, people whom a client named get nothing from us."""
    closed: bool = False
    thread_index: bytes | None = None
    """The 22 bytes that its Thread-Index values begin with."""
    merged_into: str | None = None
    """The conversation that it has become part of: its address leads there."""
    paused: bool = False
    """Too many mails came in an hour: what comes now waits until the host writes."""


@table(unique=[("conversation", "address_key")], indexes=[("address_key",)])
@dataclass(frozen=True, slots=True)
class Participant:
    """A person in one conversation."""

    id: int
    conversation: str
    address: str
    address_key: str
    name: str
    role: Role
    standing: Standing = Standing.ACTIVE
    handle: str | None = None
    """Which host this is, of those that the configuration names."""
    zone: str | None = None
    """IANA name of the time zone, once known."""


@table(indexes=[("conversation", "id"), ("conversation", "at"), ("host", "message_id")])
@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, as it was written or made."""

    id: int
    conversation: str
    host: str
    message_id: str
    kind: Kind
    direction: Direction
    at: datetime
    """When it was taken up or made; of an imported one, when it was written."""
    author_name: str
    author_address: str
    subject: str
    text: str
    """What the author wrote: quotes and signature cut."""
    date: datetime | None = None
    """What its Date header says."""
    body: str = ""
    """The whole text, quotes and all."""
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    thread_index: bytes | None = None
    digest: str = ""
    taken: int | None = None
    evidence: str = ""
    """Why it stands in this conversation."""
    automatic: bool = False


@table(indexes=[("winner",)])
@dataclass(frozen=True, slots=True)
class Merge:
    """Two conversations that were joined, and what was moved."""

    id: int
    loser: str
    winner: str
    at: datetime
    messages: tuple[int, ...]


@table(unique=[("host", "message_id", "conversation")], indexes=[("conversation",)])
@dataclass(frozen=True, slots=True)
class KnownId:
    """A message id that a conversation of this host sent, received, or saw named; without a message it is a ghost."""

    id: int
    host: str
    message_id: str
    conversation: str
    message: int | None = None


@table(indexes=[("state", "due"), ("message",), ("conversation",)])
@dataclass(frozen=True, slots=True)
class Delivery:
    """One copy of one mail for one recipient."""

    id: int
    recipient: str
    head: bytes
    """The header fields of this copy, without the MIME fields."""
    body: str
    """Digest of the blob with the MIME fields and the content."""
    subject: str
    message_id: str
    created: datetime
    due: datetime
    message: int | None = None
    conversation: str | None = None
    """The conversation that an answer reaches; outside any it is not open yet."""
    null_sender: bool = False
    state: Sending = Sending.QUEUED
    attempts: int = 0
    unknowns: int = 0
    """Attempts that may have succeeded: of those there are few."""
    detail: str = ""
    """What the last attempt came to."""
    settled: datetime | None = None


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


@table(unique=[("offer", "number")])
@dataclass(frozen=True, slots=True)
class OfferedSlot:
    """One numbered time of an offer."""

    id: int
    offer: str
    number: int
    start: datetime
    end: datetime


@table(indexes=[("offer",), ("thread",), ("status", "start")])
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
    """When it was last changed: DTSTAMP of its invites."""
    zone: str | None = None
    """The client's time zone, once known."""
    status: Status = Status.CONFIRMED
    sequence: int = 0
    announced: tuple[str, ...] = ()
    """Ids of the mails about it, oldest first: later ones answer them."""
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


@table(unique=[("host", "address_key")])
@dataclass(frozen=True, slots=True)
class FurtherAddress:
    """Another address of somebody whom a host knows by `known_key`."""

    id: int
    host: str
    address_key: str
    known_key: str


@table(indexes=[("taken",)])
@dataclass(frozen=True, slots=True)
class Question:
    """A question to the host about one held mail."""

    id: str
    host: str
    taken: int
    doubt: Doubt
    asked: datetime
    conversation: str | None = None
    answered: bool = False


@table(indexes=[("recipient", "at"), ("waiting", "at")])
@dataclass(frozen=True, slots=True)
class Notified:
    """A notice to somebody: mailed at once, or, when there were too many in an hour, waiting for the digest."""

    id: int
    recipient: str
    at: datetime
    gist: str
    """What stands for it in a digest."""
    waiting: bool


@table(indexes=[("conversation",)])
@dataclass(frozen=True, slots=True)
class KeptBack:
    """A mail that waits because its conversation is paused."""

    id: int
    conversation: str
    taken: int


@table()
@dataclass(frozen=True, slots=True)
class CalendarState:
    """What is known of one calendar of a host."""

    key: str
    """Digest of what the configuration says of it: its address may be a secret."""
    host: str
    tried: datetime
    read: datetime | None = None
    """When what is known of it was last seen to be so."""
    covers: datetime | None = None
    """Up to when its busy times are known."""
    mark: str = ""
    """How its server calls that state."""
    unreadable: int = 0
    """Events that had to be left out."""
    error: str = ""
    """What the last try came to, if it failed."""


@table(indexes=[("calendar", "end")])
@dataclass(frozen=True, slots=True)
class BusyTime:
    """A time that one calendar of a host has as taken."""

    id: int
    calendar: str
    start: datetime
    end: datetime


@table(unique=[("booking", "calendar")], indexes=[("due",)])
@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A booking that a host's calendar on a server does not have yet as it stands."""

    id: int
    booking: str
    host: str
    calendar: str
    due: datetime
    attempts: int = 0
    detail: str = ""
    """What the last attempt came to."""
