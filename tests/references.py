"""What rows name in other tables, and what of it is not there."""

from dataclasses import fields
from typing import Any

from mailflow.store.tables import (
    Attendee,
    Blob,
    Booking,
    CalendarEntry,
    Conversation,
    Delivery,
    KeptBack,
    KnownId,
    Merge,
    Message,
    Offer,
    OfferedSlot,
    Participant,
    Piece,
    Proposal,
    Question,
    Reminder,
    Reserved,
    TakenMail,
)
from mailflow.store.unit import Unit

REFERENCES: tuple[tuple[type, str, type], ...] = (
    (Attendee, "booking", Booking),
    (Booking, "offer", Offer),
    (Booking, "offered_in", Conversation),
    (CalendarEntry, "booking", Booking),
    (Conversation, "merged_into", Conversation),
    (Delivery, "body", Blob),
    (Delivery, "message", Message),
    (KeptBack, "conversation", Conversation),
    (KeptBack, "taken", TakenMail),
    (KnownId, "conversation", Conversation),
    (KnownId, "message", Message),
    (Merge, "loser", Conversation),
    (Merge, "winner", Conversation),
    (Message, "conversation", Conversation),
    (Message, "taken", TakenMail),
    (Offer, "conversation", Conversation),
    (Offer, "only", Participant),
    (OfferedSlot, "offer", Offer),
    (Participant, "conversation", Conversation),
    (Piece, "blob", Blob),
    (Proposal, "attendee", Attendee),
    (Proposal, "booking", Booking),
    (Question, "conversation", Conversation),
    (Question, "taken", TakenMail),
    (Reminder, "booking", Booking),
    (Reserved, "booking", Booking),
    (TakenMail, "blob", Blob),
)


def dangling(unit: Unit) -> list[str]:
    """Every reference to a row that is not there."""
    return [
        f"{kind.__name__}.{column}: {value}"
        for kind, column, target in REFERENCES
        for value in _values(unit, kind, column) - _values(unit, target, fields(target)[0].name)
    ]


def unnamed_blobs(unit: Unit) -> set[Any]:
    """The bytes that nothing names."""
    named = _values(unit, TakenMail, "blob") | _values(unit, Delivery, "body")
    return _values(unit, Blob, "digest") - named


def _values(unit: Unit, kind: type, column: str) -> set[Any]:
    rows: list[Any] = unit.db.all(kind)
    return {getattr(row, column) for row in rows} - {None}
