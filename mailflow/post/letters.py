"""Mails that mailflow writes itself: into a conversation, outside any, or to a host alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime

from mailflow.config import Host
from mailflow.keys import new_id
from mailflow.mail.addresses import Person
from mailflow.mail.header_fields import Mailbox, ids
from mailflow.mail.message_ids import new_message_id
from mailflow.mail.writing import alternative
from mailflow.post.conversations import addresses, recipients
from mailflow.post.copies import AUTOMATIC, Copy, Fields, letter_fields, queue_copies, stamp_fields
from mailflow.post.record import record
from mailflow.post.threads import Thread, answering
from mailflow.store.queries import newest_message
from mailflow.store.tables import Conversation, Direction, Kind, Message, Participant
from mailflow.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of ours, before it is written out for each recipient."""

    kind: Kind
    text: str
    """What the record keeps of it."""
    body: Callable[[Participant], bytes]
    """The MIME fields and content for one recipient."""
    automatic: bool = True


def post(
    unit: Unit, conversation: Conversation, letter: Letter, *, parent: Message | None = None
) -> Message:
    """A letter into a conversation, to everybody who gets copies; it answers `parent`, else the newest message."""
    parent = parent or newest_message(unit.db, conversation.id)
    thread = answering(unit, conversation, parent)
    message = record(unit, conversation, _message(unit, conversation, thread, letter))
    queue_copies(
        unit,
        letter_fields(unit, thread, letter.kind, automatic=letter.automatic),
        [
            Copy(Person(one.name, one.address), letter.body(one))
            for one in recipients(unit, conversation)
        ],
        subject=thread.subject,
        message_id=thread.message_id,
        message=message.id,
        conversation=conversation.id,
    )
    return message


def send_apart(unit: Unit, thread: Thread, kind: Kind, copies: Sequence[Copy]) -> None:
    """A letter outside any conversation; its address is that of one which an answer would open."""
    queue_copies(
        unit,
        letter_fields(unit, thread, kind, automatic=True),
        copies,
        subject=thread.subject,
        message_id=thread.message_id,
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """Word of mailflow's own to a host alone."""

    template: str
    facts: Mapping[str, object]
    subject: str
    reply_to: str
    """Where an answer to it goes."""
    conversation: str | None = None
    answers: str | None = None
    """Id of the mail that it is about, if the host wrote it."""


def notify_host(unit: Unit, host: Host, notice: Notice) -> None:
    """A notice to a host, at the configured address."""
    rendered = unit.templates.mail(notice.template, **notice.facts)
    ident = notice.conversation or new_id(unit.random)
    message_id = new_message_id(unit.random, ident, unit.config.mailflow.domain)
    sender = Mailbox(host.name, notice.reply_to)
    answered = ids([notice.answers] if notice.answers else [])
    fields: Fields = [
        ("From", sender),
        ("Reply-To", sender),
        ("Subject", notice.subject),
        ("Date", format_datetime(unit.now)),
        ("Message-ID", ids([message_id])),
        ("In-Reply-To", answered),
        ("References", answered),
        *AUTOMATIC,
        *stamp_fields(unit, Kind.NOTICE, notice.conversation),
    ]
    queue_copies(
        unit,
        fields,
        [Copy(Person(host.name, host.email), alternative(rendered.text, rendered.html))],
        subject=notice.subject,
        message_id=message_id,
        conversation=notice.conversation,
    )


def _message(unit: Unit, conversation: Conversation, thread: Thread, letter: Letter) -> Message:
    sender = addresses(unit).conversation(thread.host.handle, conversation.id)
    return Message(
        id=0,
        conversation=conversation.id,
        host=conversation.host,
        message_id=thread.message_id,
        kind=letter.kind,
        direction=Direction.OUT,
        at=unit.now,
        date=unit.now,
        author_name=thread.host.name,
        author_address=sender,
        subject=thread.subject,
        text=letter.text,
        body=letter.text,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        thread_index=thread.thread_index,
    )
