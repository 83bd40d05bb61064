"""Writing a message into a conversation's record, with every id by which an answer to it may come."""

from collections.abc import Iterable

from mailflow.post.conversations import addresses
from mailflow.post.threads import Thread
from mailflow.store.queries import known_ids
from mailflow.store.states import Direction, Kind
from mailflow.store.tables import Conversation, KnownId, Message
from mailflow.store.unit import Unit


def record(unit: Unit, conversation: Conversation, message: Message) -> Message:
    """The message in the record; its id, and those that it names, lead to this conversation from now on."""
    written = unit.db.insert(message)
    know(unit, conversation, [message.message_id], written.id)
    named = [*message.references, *([message.in_reply_to] if message.in_reply_to else [])]
    know(unit, conversation, named)
    if message.at > conversation.last_at:
        unit.db.change(conversation, last_at=message.at)
    return written


def record_own(
    unit: Unit, conversation: Conversation, thread: Thread, kind: Kind, text: str
) -> Message:
    """A mail of ours in the record, at its place in the thread, with what it says in short."""
    message = Message(
        id=0,
        conversation=conversation.id,
        host=conversation.host,
        message_id=thread.message_id,
        kind=kind,
        direction=Direction.OUT,
        at=unit.now,
        date=unit.now,
        author_name=thread.host.name,
        author_address=addresses(unit).conversation(thread.host.handle, conversation.id),
        subject=thread.subject,
        text=text,
        body=text,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        thread_index=thread.thread_index,
    )
    return record(unit, conversation, message)


def messages_of(unit: Unit, conversation: str) -> list[Message]:
    """The messages of a conversation by their time: an import may bring them in any order."""
    found = unit.db.all(Message, conversation=conversation)
    return sorted(found, key=lambda message: (message.at, message.id))


def know(
    unit: Unit, conversation: Conversation, message_ids: Iterable[str], message: int | None = None
) -> None:
    """Ids that lead to this conversation; without a message they are ghosts, until the message comes."""
    wanted = list(dict.fromkeys(message_ids))
    here = (
        one
        for one in known_ids(unit.db, conversation.host, wanted)
        if one.conversation == conversation.id
    )
    known = {one.message_id: one for one in here}
    place = {"host": conversation.host, "conversation": conversation.id}
    new = [one for one in wanted if one not in known]
    unit.db.insert_all([KnownId(id=0, message_id=one, message=message, **place) for one in new])
    for ghost in known.values():
        if ghost.message is None and message is not None:
            unit.db.change(ghost, message=message)
