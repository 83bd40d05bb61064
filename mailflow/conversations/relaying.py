"""Passing a mail on: a copy for everybody in the conversation who does not have it already."""

from collections.abc import Collection, Sequence
from email.utils import format_datetime

from mailflow.conversations.arrival import Arrival
from mailflow.errors import BodyUnmade
from mailflow.mail.addresses import Person, normalise
from mailflow.mail.copies.copied_header import carried_fields
from mailflow.mail.tasks import Relaying
from mailflow.mail.wire.header_fields import Value, ids
from mailflow.post.conversations import display_name, language_of, people
from mailflow.post.copies import Copy, Fields, queue_copies, sender_fields, stamp_fields
from mailflow.post.inert import Inert
from mailflow.store.states import Role, Standing
from mailflow.store.tables import Blob, Conversation, Message, Participant
from mailflow.store.unit import Made, Unit

RELAY = "relay"


def pass_on(
    unit: Unit,
    conversation: Conversation,
    message: Message,
    author: Participant | None,
    arrival: Arrival,
    *,
    cut: Collection[str] = (),
) -> None:
    """Queue a copy for each recipient, without the lines in `cut`; of automatic mail for the host alone.

    Without an author it is automatic mail of somebody unknown.
    """
    everybody = people(unit, conversation)
    mail = arrival.mail
    have_it = {normalise(person.address) for person in (*mail.to, *mail.cc)}
    to = [
        one
        for one in everybody
        if one.standing is Standing.ACTIVE
        and (author is None or one.id != author.id)
        and one.address_key not in have_it
        and (not arrival.mail.automatic or one.role is Role.HOST)
    ]
    inert = Inert(unit.config.mailflow.domain, unit.config.mailflow.public_url)
    footers = [_footer(unit, conversation, everybody, author, one) for one in to]
    changes = [Relaying(tuple(cut), footer, inert) for footer in footers]
    bodies = {one: body_of(unit, arrival, one) for one in dict.fromkeys(changes)}
    copies = [
        Copy(Person(one.name, one.address), bodies[change])
        for one, change in zip(to, changes, strict=True)
    ]
    queue_copies(
        unit,
        _fields(unit, conversation, message, author, arrival),
        copies,
        subject=message.subject,
        message_id=message.message_id,
        message=message.id,
        conversation=conversation.id,
        null_sender=arrival.mail.automatic,
    )


def body_of(unit: Unit, arrival: Arrival, changes: Relaying) -> bytes | Made:
    """The body of a copy. Raises `Unreadable`, and `BodyUnmade` where the mail is big and it was not made before."""
    if arrival.is_whole:
        return changes.body(arrival.raw)
    made = unit.made.get((arrival.blob, changes))
    # Nothing has named it yet: it may have been let go since.
    if made is None or unit.db.find(Blob, digest=made.digest) is None:
        raise BodyUnmade(arrival.blob, changes)
    return made


def _fields(
    unit: Unit,
    conversation: Conversation,
    message: Message,
    author: Participant | None,
    arrival: Arrival,
) -> Fields:
    host = unit.config.host(conversation.host)
    is_owner = author is not None and author.handle == host.handle
    name = (
        host.name
        if is_owner
        else f"{display_name(author or arrival.mail.author)} (via {host.name})"
    )
    carried = [
        (field, value)
        for field, value in carried_fields(arrival.raw)
        if field.lower() != "message-id"
    ]
    dated: tuple[str, Value] = ("Date", format_datetime(message.at))
    return [
        *sender_fields(unit, host, conversation.id, name),
        *carried,
        *([] if any(field.lower() == "date" for field, _ in carried) else [dated]),
        # The id under which the record knows it: the author's own, unless that was used for another mail.
        ("Message-ID", ids([message.message_id])),
        *stamp_fields(unit, RELAY, conversation.id, before=arrival.mail.instance),
    ]


def _footer(
    unit: Unit,
    conversation: Conversation,
    everybody: Sequence[Participant],
    author: Participant | None,
    recipient: Participant,
) -> str:
    """Who else is in the conversation, by name: private addresses are shown to nobody.

    Those who wait for the host's word are named too: an answer of the host's reaches them.
    """
    language = language_of(unit, recipient, conversation.host)
    present = {recipient.id, *([author.id] if author else [])}
    others = [
        display_name(one)
        for one in everybody
        if one.id not in present and one.standing in (Standing.ACTIVE, Standing.WAITING)
    ]
    return unit.templates.text("relay_footer", language, people=others) if others else ""
