"""One copy of a mail for each recipient: its header fields, and its row in the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailflow.config import Host
from mailflow.mail.addresses import Person, split
from mailflow.mail.copies.stamps import stamp
from mailflow.mail.subjects import base_subject
from mailflow.mail.thread_index import write
from mailflow.mail.wire.body_hashes import outline
from mailflow.mail.wire.header_fields import Mailbox, Value, ids
from mailflow.mail.wire.writing import head
from mailflow.post.conversations import addresses
from mailflow.post.threads import Thread
from mailflow.store.blobs import keep_all
from mailflow.store.states import Kind
from mailflow.store.tables import Delivery
from mailflow.store.unit import Made, Unit

Fields = list[tuple[str, Value]]


@dataclass(frozen=True, slots=True)
class Copy:
    """What one recipient gets: the MIME fields and the content."""

    recipient: Person
    body: bytes | Made
    until: datetime | None = None
    """When it is of no use any more: it is not sent later than that."""


def letter_fields(unit: Unit, thread: Thread, kind: str, *, automatic: bool) -> Fields:
    """The header fields of a mail that mailflow writes itself, all but To.

    `automatic` marks what no person asked for just now (RFC 3834, section 5), so that no responder answers it.
    """
    return [
        *sender_fields(unit, thread.host, thread.conversation, thread.host.name),
        ("Subject", thread.subject),
        ("Date", format_datetime(unit.now)),
        ("Message-ID", ids([thread.message_id])),
        ("In-Reply-To", ids([thread.in_reply_to] if thread.in_reply_to else [])),
        ("References", ids(thread.references)),
        ("Thread-Topic", base_subject(thread.subject)),
        ("Thread-Index", write(thread.thread_index)),
        *(automatic_fields(kind) if automatic else []),
        *stamp_fields(unit, kind, thread.conversation),
    ]


def automatic_fields(kind: str) -> Fields:
    """What keeps programs from answering: all but calendars, which may answer an invite by themselves."""
    answers = "OOF, RN, NRN" if kind == Kind.BOOKING else "OOF, AutoReply, RN, NRN"
    return [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", answers)]


def sender_fields(unit: Unit, host: Host, conversation: str, name: str) -> Fields:
    """From and Reply-To: the conversation's address, whoever wrote, so that every answer comes through it."""
    sender = Mailbox(name, addresses(unit).conversation(host.handle, conversation))
    return [("From", sender), ("Reply-To", sender)]


def stamp_fields(unit: Unit, kind: str, conversation: str | None, *, before: str = "") -> Fields:
    """By which programs tell what a mail of ours is, and we our own when it comes back.

    `before` is the stamp of other mailflows on a mail that is passed on.
    """
    return [
        *([("Mailflow-Conversation", conversation)] if conversation else []),
        ("Mailflow-Kind", kind),
        ("Mailflow-Instance", stamp(unit.config.mailflow.domain, before)),
    ]


def queue_copies(
    unit: Unit,
    fields: Fields,
    copies: Sequence[Copy],
    *,
    subject: str,
    message_id: str,
    message: int | None = None,
    conversation: str | None = None,
    null_sender: bool = False,
) -> None:
    """Queue a copy for each recipient: the same header fields but for To, which is the recipient alone."""
    if not copies:
        return
    before, after = head(fields[:2]), head(fields[2:])
    bodies = list(dict.fromkeys(copy.body for copy in copies if isinstance(copy.body, bytes)))
    digests = dict(zip(bodies, keep_all(unit.db, bodies), strict=True))
    deliveries: list[Delivery] = []
    for copy in copies:
        to = head([("To", Mailbox(copy.recipient.name, copy.recipient.address))])
        written = before + to + after
        signed = _signature(unit, written, copy.body)
        deliveries.append(
            Delivery(
                id=0,
                recipient=copy.recipient.address,
                domain=split(copy.recipient.address)[1].lower(),
                head=signed + written,
                body=copy.body.digest if isinstance(copy.body, Made) else digests[copy.body],
                subject=subject,
                message_id=message_id,
                created=unit.now,
                due=unit.now,
                message=message,
                conversation=conversation,
                null_sender=null_sender,
                until=copy.until,
            )
        )
    unit.db.insert_all(deliveries)


def _signature(unit: Unit, written: bytes, body: bytes | Made) -> bytes:
    """Made when the copy is: every try then sends the same bytes, whatever the key is by then."""
    if unit.signer is None:
        return b""
    found = body.outline if isinstance(body, Made) else outline(body)
    return unit.signer.sign(written + found.head, unit.now, found.body_hash)
