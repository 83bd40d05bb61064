"""Mail to `postmaster@` goes to the operator, and so does word of what needs one."""

from mailflow.conversations.arrival import Arrival
from mailflow.conversations.relaying import body_of
from mailflow.mail.addresses import Person
from mailflow.mail.copies.copied_header import carried_fields
from mailflow.mail.tasks import Relaying
from mailflow.mail.wire.header_fields import Mailbox
from mailflow.post.copies import Copy, queue_copies, stamp_fields
from mailflow.store.unit import Unit


def forward_to_operator(unit: Unit, arrival: Arrival) -> str | None:
    """Pass a mail on to the operator; returns why it is kept instead, where none is configured."""
    operator = unit.config.mailflow.postmaster
    if not operator:
        return "for the postmaster, and the configuration names none"
    sender = Mailbox(arrival.mail.author.name, f"postmaster@{unit.config.mailflow.domain}")
    queue_copies(
        unit,
        [
            ("From", sender),
            ("Reply-To", Mailbox(arrival.mail.author.name, arrival.mail.author.address)),
            *carried_fields(arrival.raw),
            *stamp_fields(unit, "relay", None, before=arrival.mail.instance),
        ],
        [Copy(Person("", operator), body_of(unit, arrival, Relaying()))],
        subject=arrival.mail.subject,
        message_id=arrival.mail.message_id,
        null_sender=True,
    )
    return None
