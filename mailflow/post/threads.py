"""Where a mail of ours stands in its thread, and the header fields that say so to every mail client."""

from dataclasses import dataclass

from mailflow.config import Host
from mailflow.mail import thread_index
from mailflow.mail.message_ids import new_message_id, reference_chain
from mailflow.mail.subjects import reply_subject
from mailflow.store.tables import Conversation, Message
from mailflow.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Thread:
    """The place of a new mail of ours: a conversation's address, and what it answers there."""

    conversation: str
    """Id of the conversation, which need not be open yet."""
    host: Host
    subject: str
    message_id: str
    thread_index: bytes
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()


def answering(unit: Unit, conversation: Conversation, parent: Message | None) -> Thread:
    """The place of a mail that answers `parent` in its conversation, or begins it."""
    host = unit.config.host(conversation.host)
    message_id = _fresh_id(unit, conversation.id)
    root = conversation.thread_index or thread_index.root(unit.now, unit.random)
    if parent is None:
        return Thread(conversation.id, host, conversation.subject, message_id, root)
    chain = parent.references
    return Thread(
        conversation=conversation.id,
        host=host,
        subject=reply_subject(conversation.subject),
        message_id=message_id,
        thread_index=thread_index.child(parent.thread_index or root, unit.now),
        in_reply_to=parent.message_id,
        references=reference_chain(
            chain[0] if chain else parent.message_id, chain, parent.message_id
        ),
    )


def apart(unit: Unit, host: Host, ident: str, subject: str, earlier: tuple[str, ...]) -> Thread:
    """The place of a mail outside any conversation, behind `earlier` mails about the same thing."""
    return Thread(
        conversation=ident,
        host=host,
        subject=reply_subject(subject) if earlier else subject,
        message_id=_fresh_id(unit, ident),
        thread_index=thread_index.root(unit.now, unit.random),
        in_reply_to=earlier[-1] if earlier else None,
        references=reference_chain(earlier[0], earlier[:-1], earlier[-1]) if earlier else (),
    )


def _fresh_id(unit: Unit, conversation: str) -> str:
    return new_message_id(unit.random, conversation, unit.config.mailflow.domain)
