"""Conversations: their people, their messages, the ids that lead to them, and what is held."""

from dataclasses import dataclass
from datetime import datetime

from mailflow.store.columns import table
from mailflow.store.states import Direction, Doubt, Kind, Role, Standing


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


@table(indexes=[("winner",)])
@dataclass(frozen=True, slots=True)
class Merge:
    """Two conversations that were joined, and what was moved."""

    id: int
    loser: str
    winner: str
    at: datetime
    messages: tuple[int, ...]


# The index: a host is in every conversation, and seldom chose a language; one who did is found without the others.
@table(unique=[("conversation", "address_key")], indexes=[("address_key", "language")])
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
    clock: int | None = None
    """Minutes that the clock of their mail program is ahead of UTC: a hint, and no zone."""
    language: str | None = None
    """The language that the person chose (BCP 47), if they did."""


@table(unique=[("host", "address_key")])
@dataclass(frozen=True, slots=True)
class FurtherAddress:
    """Another address of somebody whom a host knows by `known_key`."""

    id: int
    host: str
    address_key: str
    known_key: str


@table(indexes=[("conversation", "id"), ("conversation", "at"), ("host", "message_id"), ("taken",)])
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


@table(unique=[("host", "message_id", "conversation")], indexes=[("conversation",)])
@dataclass(frozen=True, slots=True)
class KnownId:
    """A message id that a conversation of this host sent, received, or saw named; without a message it is a ghost."""

    id: int
    host: str
    message_id: str
    conversation: str
    message: int | None = None


@table(indexes=[("taken",), ("conversation",)])
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


@table(indexes=[("conversation",), ("taken",)])
@dataclass(frozen=True, slots=True)
class KeptBack:
    """A mail that waits because its conversation is paused."""

    id: int
    conversation: str
    taken: int
