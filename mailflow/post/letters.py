"""Mails that mailflow writes itself: into a conversation, outside any, or to a host alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime

from mailflow.config import Host
from mailflow.keys import new_id
from mailflow.mail.addresses import Person
from mailflow.mail.message_ids import new_message_id, reference_chain
from mailflow.mail.subjects import reply_subject
from mailflow.mail.wire.header_fields import Mailbox, ids
from mailflow.mail.wire.writing import alternative
from mailflow.phrases import ENGLISH, Words
from mailflow.post.conversations import addresses, language_of, recipients
from mailflow.post.copies import (
    Copy,
    Fields,
    automatic_fields,
    letter_fields,
    queue_copies,
    stamp_fields,
)
from mailflow.post.record import record_own
from mailflow.post.threads import Thread, answering
from mailflow.rendering import Rendered
from mailflow.store.queries import newest_message, notices_since
from mailflow.store.states import Kind
from mailflow.store.tables import Conversation, Message, Notified, Participant
from mailflow.store.unit import Unit

NOTICES_AN_HOUR = 5
"""To one recipient; what is more comes in one digest an hour."""

LONGEST_GIST = 400
"""Letters of a notice that a digest repeats: its first two paragraphs, mostly."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail of ours, before it is written out for each recipient."""

    kind: Kind
    text: str
    """What the record keeps of it."""
    body: Callable[[Participant], bytes]
    """The MIME fields and content for one recipient."""
    automatic: bool = True
    until: datetime | None = None
    """When it is of no use any more: it is not sent later than that."""


def post(
    unit: Unit,
    conversation: Conversation,
    letter: Letter,
    *,
    parent: Message | None = None,
    to: Sequence[Participant] | None = None,
) -> Message:
    """A letter into a conversation; it answers `parent`, else the newest message.

    It goes to everybody who gets copies, or only `to` these.
    """
    parent = parent or newest_message(unit.db, conversation.id)
    thread = answering(unit, conversation, parent)
    message = record_own(unit, conversation, thread, letter.kind, letter.text)
    queue_copies(
        unit,
        letter_fields(unit, thread, letter.kind, automatic=letter.automatic),
        [
            Copy(Person(one.name, one.address), letter.body(one), letter.until)
            for one in (recipients(unit, conversation) if to is None else to)
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
        conversation=thread.conversation,
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """Word of mailflow's own to one person alone: a host, the operator, or a client who asked for something."""

    template: str
    facts: Mapping[str, object]
    subject: Words
    reply_to: str
    """Where an answer to it goes."""
    conversation: str | None = None
    answers: str | None = None
    """Id of the mail that it is about, if the host has it."""
    null_sender: bool = False
    """Whether nobody is told when it does not arrive: it is itself about one that did not."""
    sender: str = ""
    """In whose name it is, if not in its reader's own."""


def notify_host(unit: Unit, host: Host, notice: Notice) -> None:
    """A notice to a host, at the configured address and in the configured language."""
    _notify(unit, Person(host.name, host.email), notice, host.language)


def notify_in(
    unit: Unit,
    conversation: Conversation,
    template: str,
    facts: Mapping[str, object],
    *,
    host: Host | None = None,
    answers: str | None = None,
) -> None:
    """A notice to a host of a conversation, in its thread and from its address; to its owner, if none is named."""
    notice = _notice_in(unit, conversation, template, facts, answers)
    notify_host(unit, host or unit.config.host(conversation.host), notice)


def notify_one(
    unit: Unit,
    conversation: Conversation,
    one: Participant,
    facts: Mapping[str, object],
    *,
    answers: str,
) -> None:
    """A notice to a participant alone, in the thread and the host's name: what came of the mail that it answers."""
    notice = _notice_in(unit, conversation, "done", facts, answers)
    notice = replace(notice, sender=unit.config.host(conversation.host).name)
    reads = language_of(unit, one, conversation.host)
    _notify(unit, Person(one.name, one.address), notice, reads)


def _notice_in(
    unit: Unit,
    conversation: Conversation,
    template: str,
    facts: Mapping[str, object],
    answers: str | None,
) -> Notice:
    return Notice(
        template=template,
        facts=facts,
        subject=reply_subject(conversation.subject),
        reply_to=addresses(unit).conversation(conversation.host, conversation.id),
        conversation=conversation.id,
        answers=answers,
    )


def notify_operator(unit: Unit, subject: str, lines: Sequence[str]) -> None:
    """Word to the operator of what needs one, in English; to nobody, if none is configured. No bounce comes back."""
    if operator := unit.config.mailflow.postmaster:
        _notify(unit, Person("", operator), own_words(unit, subject, lines), ENGLISH)


def own_words(unit: Unit, subject: Words, lines: Sequence[Words]) -> Notice:
    """A notice in mailflow's own name: an answer to it reaches the operator."""
    reply_to = f"postmaster@{unit.config.mailflow.domain}"
    return Notice("done", {"lines": lines}, subject, reply_to, null_sender=True)


def _notify(unit: Unit, person: Person, notice: Notice, language: str) -> None:
    """Mail a notice, or have it wait for the digest: whoever floods us must not flood the host through us."""
    written = write_notice(unit, notice, language)
    since = unit.now - timedelta(hours=1)
    waiting = notices_since(unit.db, person.address, since) >= NOTICES_AN_HOUR
    gist = _gist(notice, written)
    unit.db.insert(Notified(0, person.address, unit.now, gist, waiting))
    if not waiting:
        mail_notice(unit, person, notice, written)


@dataclass(frozen=True, slots=True)
class Written:
    """A notice in the language of its reader."""

    subject: str
    content: Rendered


def write_notice(unit: Unit, notice: Notice, language: str) -> Written:
    """What a notice says, in a language."""
    return Written(
        unit.templates.languages.say(notice.subject, language),
        unit.templates.mail(notice.template, language, **notice.facts),
    )


def _gist(notice: Notice, written: Written) -> str:
    """What a digest says of a notice: its subject, how it begins, and where an answer goes."""
    beginning = " ".join(" ".join(written.content.text.split("\n\n")[:2]).split())
    return f"{written.subject}: {beginning[:LONGEST_GIST]} ({notice.reply_to})"


def mail_notice(unit: Unit, person: Person, notice: Notice, written: Written) -> None:
    """A notice to one person, however many there were."""
    ident = notice.conversation or new_id(unit.random)
    message_id = new_message_id(unit.random, ident, unit.config.mailflow.domain)
    sender = Mailbox(notice.sender or person.name, notice.reply_to)
    answered = ids([notice.answers] if notice.answers else [])
    fields: Fields = [
        ("From", sender),
        ("Reply-To", sender),
        ("Subject", written.subject),
        ("Date", format_datetime(unit.now)),
        ("Message-ID", ids([message_id])),
        ("In-Reply-To", answered),
        ("References", ids(_chain(unit, notice))),
        *automatic_fields(Kind.NOTICE),
        *stamp_fields(unit, Kind.NOTICE, notice.conversation),
    ]
    queue_copies(
        unit,
        fields,
        [Copy(person, alternative(written.content.text, written.content.html))],
        subject=written.subject,
        message_id=message_id,
        conversation=notice.conversation,
        null_sender=notice.null_sender,
    )


def _chain(unit: Unit, notice: Notice) -> tuple[str, ...]:
    """All that a notice answers, from the first mail of its thread on."""
    if notice.answers is None:
        return ()
    parent = (
        unit.db.find(Message, conversation=notice.conversation, message_id=notice.answers)
        if notice.conversation
        else None
    )
    chain = parent.references if parent else ()
    return reference_chain(chain[0] if chain else notice.answers, chain, notice.answers)
