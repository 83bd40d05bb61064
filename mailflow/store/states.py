"""The words that rows are marked with: how far a mail is, what a person is, what a message is."""

from enum import StrEnum


class Taken(StrEnum):
    """How far a mail that came in is."""

    TAKEN = "taken"
    DONE = "done"
    HELD = "held"
    PARKED = "parked"
    DROPPED = "dropped"


class Sending(StrEnum):
    """How far a copy that goes out is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    EXPIRED = "expired"
    """It was of no use any more when its turn came."""


class Role(StrEnum):
    """What a person is in a conversation."""

    HOST = "host"
    CLIENT = "client"
    PARTICIPANT = "participant"


class Standing(StrEnum):
    """Whether a participant gets copies."""

    ACTIVE = "active"
    WAITING = "waiting"
    """Named by a client; gets nothing until the host has written."""
    IMPORTED = "imported"
    """Came in by an import; gets nothing until they or the host write anew."""
    LEFT = "left"
    SUPPRESSED = "suppressed"
    """The address bounced."""


class Kind(StrEnum):
    """What a message is, in the record."""

    MESSAGE = "message"
    OFFER = "offer"
    BOOKING = "booking"
    REMINDER = "reminder"
    NOTICE = "notice"


class Direction(StrEnum):
    """Who made a message: somebody who wrote to us, or mailflow."""

    IN = "in"
    OUT = "out"


class Status(StrEnum):
    """The state of a booking."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    CANCELLED = "cancelled"


class OfferState(StrEnum):
    """Whether an offer's slots may still be picked."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


class Doubt(StrEnum):
    """Why a mail is held and the host asked."""

    STRANGER = "stranger"
    UNVERIFIED = "unverified"
    FAILED = "failed"
