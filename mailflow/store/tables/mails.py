"""Mails: taken with their bytes, and copies to be sent."""

from dataclasses import dataclass
from datetime import datetime

from mailflow.store.columns import Packed, table
from mailflow.store.states import Sending, Taken


@table()
@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes kept once, named by their SHA-256 in hex."""

    digest: str
    content: Packed
    """All of them, or none where there are `pieces`."""
    pieces: int = 0
    """How many rows have the bytes instead, since they are many."""


@table(indexes=[("blob", "id")])
@dataclass(frozen=True, slots=True)
class Piece:
    """A part of many bytes; they stand in the order of its numbers."""

    id: int
    blob: str
    """The digest of them all."""
    content: Packed


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
    lease: datetime
    """When others may take it up, if who works on it was not heard of again."""
    helo: str = ""
    state: Taken = Taken.TAKEN
    owner: str = ""
    """The process that took it up last."""
    attempts: int = 0
    message_id: str | None = None
    digest: str = ""
    """Of the content, once it was read: the same mail, sent again, has the same."""
    author: str = ""
    """The address in its From, once it was read."""
    subject: str = ""
    reason: str = ""
    """Why it is held, parked or dropped."""


# The third: due ones are found in their order, and those for other domains passed over, in the index alone.
@table(indexes=[("state",), ("message",), ("due", "id", "domain"), ("conversation",)])
@dataclass(frozen=True, slots=True)
class Delivery:
    """One copy of one mail for one recipient."""

    id: int
    recipient: str
    domain: str
    """The recipient's, in lower case: of those for one domain only some are sent at a time."""
    head: bytes
    """The header fields of this copy, without the MIME fields."""
    body: str
    """Digest of the blob with the MIME fields and the content."""
    subject: str
    message_id: str
    created: datetime
    due: datetime
    """When it may be taken up. While it is being sent: when who claimed it has lost it, unless it says otherwise."""
    message: int | None = None
    conversation: str | None = None
    """The conversation that an answer reaches; outside any it is not open yet."""
    null_sender: bool = False
    state: Sending = Sending.QUEUED
    owner: str = ""
    """The process that claimed it last."""
    until: datetime | None = None
    """After that it is of no use to anybody, and is not sent."""
    attempts: int = 0
    unknowns: int = 0
    """Attempts that may have succeeded: of those there are few."""
    detail: str = ""
    """What the last attempt came to."""
    settled: datetime | None = None


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


@table()
@dataclass(frozen=True, slots=True)
class Alarm:
    """A queue that stands still, of which the operator is told; gone when it moves again."""

    queue: str
    due: datetime
    """When the operator is told again."""
