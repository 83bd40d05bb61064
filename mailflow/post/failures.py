"""Copies that do not get through: marked, the host told, and an address that takes nothing left out."""

from datetime import UTC, datetime, timedelta

from mailflow.config import Host
from mailflow.errors import NotFound
from mailflow.mail.addresses import normalise
from mailflow.mail.delivery_reports import is_bad_address
from mailflow.phrases import Said, Words, said
from mailflow.post.conversations import addresses
from mailflow.post.letters import Notice, notify_host, notify_operator
from mailflow.store.queries import failures_since
from mailflow.store.states import Role, Sending, Standing
from mailflow.store.tables import Attendee, Booking, Conversation, Delivery, Participant
from mailflow.store.unit import Unit

NEVER = datetime(9999, 1, 1, tzinfo=UTC)

PATIENCE = timedelta(hours=72)
FAILURES = 3
"""In that time, after which an address is taken to be none, whatever the reasons were."""


def give_up(unit: Unit, delivery: Delivery, reason: Words, status: str) -> None:
    """A copy that will never get through: marked, told, and its address left out if there is no such.

    `reason` is what a server said, or what went wrong in words of ours; `status` its enhanced status code (RFC 3463) or
    empty. Once for each copy.
    """
    if delivery.state is Sending.FAILED:
        return
    delivery = unit.db.change(
        delivery, state=Sending.FAILED, detail=str(reason), settled=unit.now, due=NEVER
    )
    unit.tell("letter.failed", letter=delivery.id, status=status)
    left_out = _leave_out(unit, delivery, status)
    tell_undelivered(unit, delivery, reason, permanent=True, left_out=left_out)


def tell_undelivered(
    unit: Unit,
    delivery: Delivery,
    reason: Words,
    *,
    permanent: bool,
    left_out: bool = False,
    uncertain: bool = False,
) -> None:
    """Tell the host that a copy did not arrive; the operator, if it was the host's own.

    `permanent`: it will not be tried again. `uncertain`: it may have arrived all the same. Nobody
    is told of a mail to the operator: there is nobody left.
    """
    recipient = normalise(delivery.recipient)
    if recipient == normalise(unit.config.mailflow.postmaster):
        return
    host = _host(unit, delivery)
    if host is None or unit.config.host_of(delivery.recipient):
        was = "may not have been" if uncertain else "was not"
        lines = [f"A mail to {delivery.recipient} {was} delivered: {delivery.subject}", str(reason)]
        notify_operator(unit, f"Not delivered to {delivery.recipient}", lines)
        return
    thread = delivery.conversation or ""
    facts = {
        "recipient_name": _name(unit, delivery),
        "recipient_address": delivery.recipient,
        "reason": reason,
        "quoted": not isinstance(reason, Said),
        "subject": delivery.subject,
        "permanent": permanent,
        "left_out": left_out,
        "uncertain": uncertain,
    }
    notice = Notice(
        template="undelivered",
        facts=facts,
        subject=_headline(permanent, uncertain, delivery.subject),
        reply_to=addresses(unit).conversation(host.handle, thread),
        conversation=thread,
        answers=delivery.message_id,
        null_sender=True,
    )
    notify_host(unit, host, notice)


def _headline(permanent: bool, uncertain: bool, subject: str) -> Said:
    if uncertain:
        return said("Perhaps not delivered: %(subject)s", subject=subject)
    if permanent:
        return said("Not delivered: %(subject)s", subject=subject)
    return said("Not delivered yet: %(subject)s", subject=subject)


def _leave_out(unit: Unit, delivery: Delivery, status: str) -> bool:
    """Send nothing more to an address in its conversation, until a mail comes from it; never to leave out a host."""
    one = _participant(unit, delivery)
    if one is None or one.role is Role.HOST or one.standing is not Standing.ACTIVE:
        return False
    if not is_bad_address(status) and _failures(unit, one) < FAILURES:
        return False
    unit.db.change(one, standing=Standing.SUPPRESSED)
    return True


def _failures(unit: Unit, one: Participant) -> int:
    failed = failures_since(unit.db, one.conversation, unit.now - PATIENCE)
    return sum(normalise(delivery.recipient) == one.address_key for delivery in failed)


def _participant(unit: Unit, delivery: Delivery) -> Participant | None:
    key = normalise(delivery.recipient)
    return unit.db.find(Participant, conversation=delivery.conversation, address_key=key)


def _name(unit: Unit, delivery: Delivery) -> str:
    """What the recipient is called in the conversation, or in a booking outside any."""
    if one := _participant(unit, delivery):
        return one.name
    booking = unit.db.find(Booking, thread=delivery.conversation)
    key = normalise(delivery.recipient)
    attendee = booking and unit.db.find(Attendee, booking=booking.id, address_key=key)
    return attendee.name if attendee else ""


def _host(unit: Unit, delivery: Delivery) -> Host | None:
    """The host whose mail it was: of the conversation, or of the booking outside any; None if it was of neither."""
    if delivery.conversation is None:
        return None
    found = unit.db.find(Conversation, id=delivery.conversation) or unit.db.find(
        Booking, thread=delivery.conversation
    )
    try:
        return unit.config.host(found.host) if found else None
    except NotFound:
        return None  # the configuration names that host no longer
