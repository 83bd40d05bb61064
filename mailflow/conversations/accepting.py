"""A mail that may, into its conversation: recorded once, its people brought in, done what it asks for, passed on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from mailflow.conversations.answers import answer
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.commands import read_commands
from mailflow.conversations.orders import answers_notice, obey, refuse, say_kept
from mailflow.conversations.placing import own_id_for
from mailflow.conversations.relaying import pass_on
from mailflow.mail.addresses import Person, is_address, normalise
from mailflow.mail.reading import Mail
from mailflow.mail.wire.header_fields import ids
from mailflow.phrases import said
from mailflow.post.conversations import addresses, host_writes, join
from mailflow.post.letters import notify_in
from mailflow.post.record import know, record
from mailflow.store.states import Direction, Kind, Role, Standing
from mailflow.store.tables import Conversation, Message, Participant
from mailflow.store.unit import Unit

ANCESTORS = 3
"""Messages whose text is looked for in an answer, beside the one that it answers."""

NAMED_AT_ONCE = 20
"""People whom one mail can bring in: a conversation is no way to mail the world."""


def accept(
    unit: Unit,
    conversation: Conversation,
    author: Participant | None,
    arrival: Arrival,
    evidence: str,
    *,
    obeyed: bool,
) -> None:
    """All that a mail causes in one conversation; nothing, if the conversation has it already.

    `author` is none for automatic mail of somebody unknown. `obeyed` says whether what it asks for may be done.
    """
    message = keep(unit, conversation, arrival, evidence)
    if message is None:
        return
    if author is not None:
        _readmit(unit, author, arrival)
    if author is not None and not arrival.mail.automatic:
        author = _set_clock(unit, author, arrival.mail)
        _bring_in_named(unit, conversation, author, arrival)
        if author.role is Role.HOST:
            conversation = host_writes(unit, conversation)
    if conversation.closed and not arrival.mail.automatic:
        conversation = _reopen(unit, conversation, message.message_id)
    if author is None or arrival.mail.automatic:
        pass_on(unit, conversation, message, author, arrival)
    elif author.role is Role.HOST:
        _from_host(unit, conversation, message, author, arrival, obeyed)
    else:
        _from_client(unit, conversation, message, author, arrival, obeyed)


def keep(unit: Unit, conversation: Conversation, arrival: Arrival, evidence: str) -> Message | None:
    """A mail in the record of a conversation, and nothing more; None if it is there already."""
    message_id = _free_id(unit, conversation, arrival)
    if message_id is None:
        return None
    return _record(unit, conversation, arrival, message_id, evidence)


def _readmit(unit: Unit, author: Participant, arrival: Arrival) -> None:
    """Who writes gets copies again: one whose address bounced, who left, or came in by an import."""
    same = normalise(arrival.mail.author.address) == author.address_key
    is_back = author.standing is Standing.SUPPRESSED and same
    left = author.standing in (Standing.IMPORTED, Standing.LEFT)
    if is_back or (left and not arrival.mail.automatic):
        unit.db.change(author, standing=Standing.ACTIVE)


def _set_clock(unit: Unit, author: Participant, mail: Mail) -> Participant:
    """What a mail tells of its author's clock: it stands beside times, as a hint to name the zone."""
    minutes = mail.clock // timedelta(minutes=1) if mail.clock else author.clock
    return author if minutes == author.clock else unit.db.change(author, clock=minutes)


def accept_choice(
    unit: Unit,
    conversation: Conversation,
    client: Participant,
    arrival: Arrival,
    evidence: str,
    choose: Callable[[], bool],
) -> None:
    """A mail that is a choice by its address alone: what it says beside is passed on."""
    message = keep(unit, conversation, arrival, evidence)
    if message is None:
        return
    chosen = choose()
    if not chosen or message.text.strip() or _has_files(arrival):
        pass_on(unit, conversation, message, client, arrival)


def _from_host(
    unit: Unit,
    conversation: Conversation,
    message: Message,
    author: Participant,
    arrival: Arrival,
    obeyed: bool,
) -> None:
    told = read_commands(message.text)
    if told.orders and not obeyed:
        refuse(unit, conversation, message, author, told)
    offered = obeyed and obey(unit, conversation, message, author, arrival, told)
    more = bool(told.rest) or _has_files(arrival)
    if answers_notice(unit, message):
        if more and not offered:
            say_kept(unit, conversation, message, author)
    elif not offered and (more or not told.orders):
        pass_on(unit, conversation, message, author, arrival, cut=told.lines)


def _from_client(
    unit: Unit,
    conversation: Conversation,
    message: Message,
    author: Participant,
    arrival: Arrival,
    obeyed: bool,
) -> None:
    line = answer(unit, conversation, message, author) if obeyed else None
    if line is None:
        pass_on(unit, conversation, message, author, arrival)
    elif message.text.strip() != line or _has_files(arrival):
        pass_on(unit, conversation, message, author, arrival, cut=[line])


def _reopen(unit: Unit, conversation: Conversation, answered: str) -> Conversation:
    lines = [said("This conversation was closed; a new mail has opened it again.")]
    notify_in(unit, conversation, "done", {"lines": lines}, answers=answered)
    return unit.db.change(conversation, closed=False)


def _has_files(arrival: Arrival) -> bool:
    return any(not attachment.inline for attachment in arrival.mail.attachments)


def _free_id(unit: Unit, conversation: Conversation, arrival: Arrival) -> str | None:
    """The id to record a mail under; None if the mail is here already.

    That is its own, unless another mail to this host has used it, or no copy could bear it.
    """
    mail = arrival.mail
    own = [mail.message_id] if ids([mail.message_id]) else []
    for message_id in (*own, own_id_for(unit, mail)):
        known = unit.db.all(Message, host=conversation.host, message_id=message_id)
        if any(one.digest != mail.digest for one in known):
            continue
        is_here = any(one.conversation == conversation.id for one in known)
        return None if is_here else message_id
    return None


def named_people(unit: Unit, mail: Mail) -> list[Person]:
    """Whom a mail brings in by naming them in To or Cc: neither hosts nor addresses of ours."""
    own = addresses(unit)
    named = [
        person
        for person in (*mail.to, *mail.cc)
        if is_address(person.address)
        and not own.is_own(person.address)
        and not unit.config.host_of(person.address)
    ]
    return named[:NAMED_AT_ONCE]


def _bring_in_named(
    unit: Unit, conversation: Conversation, author: Participant, arrival: Arrival
) -> None:
    """People in To and Cc become participants; whom a client names gets nothing before the host has written."""
    trusted = author.role is Role.HOST or conversation.host_wrote
    standing = Standing.ACTIVE if trusted else Standing.WAITING
    for person in named_people(unit, arrival.mail):
        join(unit, conversation, person, Role.PARTICIPANT, standing=standing)


def _record(
    unit: Unit, conversation: Conversation, arrival: Arrival, message_id: str, evidence: str
) -> Message:
    mail = arrival.mail
    message = message_of(unit, conversation, mail, arrival.taken, evidence)
    written = record(unit, conversation, replace(message, message_id=message_id))
    know(unit, conversation, mail.aliases, written.id)
    return written


def message_of(
    unit: Unit, conversation: Conversation, mail: Mail, taken: int, evidence: str
) -> Message:
    """What the record of a conversation keeps of a mail that came in."""
    return Message(
        id=0,
        conversation=conversation.id,
        host=conversation.host,
        message_id=mail.message_id,
        kind=Kind.MESSAGE,
        direction=Direction.IN,
        at=unit.now,
        date=mail.date,
        author_name=mail.author.name,
        author_address=mail.author.address,
        subject=mail.subject,
        text=mail.written(_answered_texts(unit, conversation, mail)),
        body=mail.text,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        thread_index=mail.thread_index,
        digest=mail.digest,
        taken=taken,
        evidence=evidence,
        automatic=mail.automatic,
    )


def _answered_texts(unit: Unit, conversation: Conversation, mail: Mail) -> list[str]:
    """The texts that a mail may quote, the nearest first."""
    named = [mail.in_reply_to, *reversed(mail.references[-ANCESTORS:])]
    return [
        parent.body
        for message_id in dict.fromkeys(one for one in named if one)
        for parent in unit.db.all(Message, host=conversation.host, message_id=message_id)
        if parent.conversation == conversation.id
    ]
