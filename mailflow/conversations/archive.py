"""The mails of a conversation as they were on the wire, for taking everything out again."""

from dataclasses import dataclass, field
from datetime import datetime

from mailflow.post.record import messages_of
from mailflow.store.blobs import kept
from mailflow.store.tables import Conversation, Delivery, Message, TakenMail
from mailflow.store.unit import Unit


@dataclass(frozen=True, slots=True)
class ArchivedMail:
    """One mail: as it came in, or, of what we wrote, one copy as it went out."""

    sender: str
    at: datetime
    raw: bytes = field(repr=False)


def archived_mails(unit: Unit, ident: str) -> list[ArchivedMail]:
    """The mails of a conversation, oldest first; raises `NotFound`."""
    unit.db.get(Conversation, ident)
    return [
        ArchivedMail(message.author_address, message.at, raw)
        for message in messages_of(unit, ident)
        if (raw := _octets(unit, message)) is not None
    ]


def _octets(unit: Unit, message: Message) -> bytes | None:
    """The bytes of a message; None for one of ours that had nobody to go to."""
    if message.taken is not None:
        return kept(unit.db, unit.db.get(TakenMail, message.taken).blob)
    copy = unit.db.find(Delivery, message=message.id)
    return copy.head + kept(unit.db, copy.body) if copy else None
