"""Every table of mailflow, as the frozen record that its rows are.

Instants are aware and UTC. Addresses stand as they were written; an `…_key` beside one is its form for comparison.
Message ids stand without angle brackets.
"""

from mailflow.store.tables.appointments import (
    Attendee,
    Booking,
    Offer,
    OfferedSlot,
    Proposal,
    Reminder,
    Reserved,
)
from mailflow.store.tables.calendars import BusyTime, CalendarEntry, CalendarState
from mailflow.store.tables.conversations import (
    Conversation,
    FurtherAddress,
    KeptBack,
    KnownId,
    Merge,
    Message,
    Participant,
    Question,
)
from mailflow.store.tables.mails import Alarm, Blob, Delivery, Notified, Piece, TakenMail
from mailflow.store.tables.nodes import Node

__all__ = [
    "Alarm",
    "Attendee",
    "Blob",
    "Booking",
    "BusyTime",
    "CalendarEntry",
    "CalendarState",
    "Conversation",
    "Delivery",
    "FurtherAddress",
    "KeptBack",
    "KnownId",
    "Merge",
    "Message",
    "Node",
    "Notified",
    "Offer",
    "OfferedSlot",
    "Participant",
    "Piece",
    "Proposal",
    "Question",
    "Reminder",
    "Reserved",
    "TakenMail",
]
