"""How many there are of something, counted where it lies."""

import peewee as pw

from mailflow.store.columns import TABLES
from mailflow.store.session import Session
from mailflow.store.tables import Message


def message_counts(db: Session) -> dict[str, int]:
    """The number of messages of each conversation that has any."""
    message = TABLES[Message]
    counted = message.select(message.conversation, pw.fn.COUNT(message.id))
    return dict(db.execute(counted.group_by(message.conversation)).fetchall())
