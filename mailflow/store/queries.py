"""The queries that say more than equality, each by its name in the domain; those of the queues are in `queues.py`."""

from collections.abc import Collection, Iterable
from datetime import datetime

import peewee as pw

from mailflow.errors import SlotTaken
from mailflow.mail.addresses import normalise
from mailflow.spans import Span
from mailflow.store.columns import TABLES
from mailflow.store.session import Session, place, places, several
from mailflow.store.states import Direction, Role, Sending, Status
from mailflow.store.tables import (
    Attendee,
    Booking,
    BusyTime,
    CalendarEntry,
    Conversation,
    Delivery,
    KnownId,
    Message,
    Notified,
    Participant,
    Reminder,
    Reserved,
)


def known_ids(db: Session, host: str, message_ids: Iterable[str]) -> list[KnownId]:
    """Where these ids lead: to the conversations of this host in which they were sent, received or named."""
    known = TABLES[KnownId]
    asked = several("message_id", dict.fromkeys(message_ids))

    def build() -> pw.Query:
        found: pw.Query = (
            known.select()
            .where(known.host == place("host"), known.message_id.in_(places(asked)))
            .order_by(known.id)
        )
        return found

    return (
        db.compiled(KnownId, f"known of {len(asked)}", build, **asked, host=host) if asked else []
    )


def conversations_with_root(db: Session, host: str, root: bytes) -> list[Conversation]:
    """The conversations of this host whose Thread-Index begins so."""
    return db.all(Conversation, host=host, thread_index=root, merged_into=None)


def has_gone_out(db: Session, conversation: str, hosts: Collection[str]) -> bool:
    """Whether anybody but these hosts was sent a mail of a conversation."""
    delivery = TABLES[Delivery]
    others = delivery.recipient.not_in(list(hosts))
    return bool(db.select(Delivery, delivery.conversation == conversation, others, limit=1))


def newest_message(db: Session, conversation: str, before: int | None = None) -> Message | None:
    """The latest message of a conversation, or the latest before that one."""
    message = TABLES[Message]

    def build() -> pw.Query:
        there = [message.conversation == place("conversation")]
        if before is not None:
            there.append(message.id < place("id"))
        # By time: an import may bring in later what was written long before.
        order = message.at.desc(), message.id.desc()
        found: pw.Query = message.select().where(*there).order_by(*order).limit(pw.SQL("1"))
        return found

    if before is None:
        found = db.compiled(Message, "newest message", build, conversation=conversation)
    else:
        found = db.compiled(Message, "message before", build, conversation=conversation, id=before)
    return found[0] if found else None


def reserved_spans(db: Session, hosts: Collection[str], within: Span) -> list[Reserved]:
    """The hosts' times that bookings take, as far as they touch `within`."""
    reserved = TABLES[Reserved]
    asked = several("host", hosts)

    def build() -> pw.Query:
        found: pw.Query = reserved.select().where(
            reserved.host.in_(places(asked)),
            reserved.start < place("start"),
            reserved.end > place("end"),
        )
        return found

    name = f"reserved for {len(asked)}"
    return db.compiled(Reserved, name, build, **asked, start=within.end, end=within.start)


def reserve(db: Session, booking: str, hosts: Iterable[str], span: Span) -> None:
    """Take a span of each host for a booking; raises `SlotTaken` when another booking stands there."""
    try:
        with db.attempt():
            for host in hosts:
                db.insert(Reserved(0, host, booking, span.start, span.end))
    except pw.IntegrityError as error:
        raise SlotTaken("that time is taken") from error


def bookings_of_type(db: Session, type_slug: str, within: Span) -> list[Booking]:
    """Bookings of a type that stand and begin within a span."""
    booking = TABLES[Booking]
    return db.select(
        Booking,
        booking.type == type_slug,
        booking.status != Status.CANCELLED,
        booking.start >= within.start,
        booking.start < within.end,
    )


def change_status(db: Session, booking: str, was: Status, becomes: Status) -> bool:
    """Give a booking another status if it has that one still; returns whether it had."""
    table = TABLES[Booking]
    change = table.update(status=becomes).where(table.id == booking, table.status == was)
    return bool(db.execute(change).rowcount)


def pending_bookings(db: Session, until: datetime, limit: int) -> list[Booking]:
    """Bookings that have waited to be confirmed since then or longer."""
    booking = TABLES[Booking]
    pending = booking.status == Status.PENDING
    return db.select(Booking, pending, booking.created <= until, limit=limit, claimed=True)


def public_bookings(db: Session, client_key: str, since: datetime) -> list[Booking]:
    """What was booked from no offer for a client since then, oldest first, whatever became of it."""
    booking, attendee = TABLES[Booking], TABLES[Attendee]
    is_client = (attendee.address_key == client_key) & (attendee.role == Role.CLIENT)
    own = booking.id.in_(attendee.select(attendee.booking).where(is_client))
    recent = booking.created > since
    return db.select(Booking, own, recent, booking.offer.is_null(), order=[booking.created])


def has_written(db: Session, hosts: Collection[str], address_key: str) -> bool:
    """Whether a person's mail has come in from that address, in any conversation of these hosts."""
    message, participant = TABLES[Message], TABLES[Participant]
    there = participant.select(participant.conversation)
    came_in = (
        message.host.in_(list(hosts))
        & (message.direction == Direction.IN)
        & (message.automatic == False)  # noqa: E712 -- peewee makes SQL of the comparison
        & message.conversation.in_(there.where(participant.address_key == address_key))
    )
    authors = db.execute(message.select(message.author_address).distinct().where(came_in))
    return any(normalise(author) == address_key for (author,) in authors.fetchall())


def chosen_language(db: Session, address_key: str) -> str | None:
    """The language that a person chose last, in whatever conversation; None if they never did."""
    participant = TABLES[Participant]

    def build() -> pw.Query:
        own = participant.address_key == place("address_key")
        chosen: pw.Query = participant.select().where(own, participant.language.is_null(False))
        return chosen.order_by(participant.id.desc()).limit(pw.SQL("1"))

    chosen = db.compiled(Participant, "chosen language", build, address_key=address_key)
    return chosen[0].language if chosen else None


def coming_bookings(db: Session, thread: str, now: datetime) -> list[Booking]:
    """The bookings of one conversation that still stand and lie ahead, soonest first."""
    booking = TABLES[Booking]
    return db.select(
        Booking,
        booking.thread == thread,
        booking.status != Status.CANCELLED,
        booking.end > now,
        order=[booking.start],
    )


def confirmed_bookings(db: Session, now: datetime) -> list[Booking]:
    """All bookings that stand and begin later, soonest first."""
    booking = TABLES[Booking]
    stands = booking.status == Status.CONFIRMED
    return db.select(Booking, stands, booking.start > now, order=[booking.start, booking.id])


def due_reminders(db: Session, now: datetime, limit: int) -> list[Reminder]:
    """Reminders whose time has come."""
    reminder = TABLES[Reminder]
    waiting = reminder.sent == False  # noqa: E712 -- peewee makes SQL of the comparison
    due = reminder.at <= now
    return db.select(Reminder, waiting, due, order=[reminder.at], limit=limit, claimed=True)


def recent_conversations(db: Session, host: str | None = None) -> list[Conversation]:
    """Conversations, those with the latest message first."""
    conversation = TABLES[Conversation]
    where = [conversation.merged_into.is_null()]
    where += [conversation.host == host] if host else []
    return db.select(Conversation, *where, order=[conversation.last_at.desc()])


def failures_since(db: Session, conversation: str, since: datetime) -> list[Delivery]:
    """The copies of a conversation that were given up since then."""
    delivery = TABLES[Delivery]
    return db.select(
        Delivery,
        delivery.conversation == conversation,
        delivery.state == Sending.FAILED,
        delivery.settled >= since,
    )


def notices_since(db: Session, recipient: str, since: datetime) -> int:
    """How many notices were mailed to somebody since then."""
    notified = TABLES[Notified]
    mailed = notified.waiting == False  # noqa: E712 -- peewee makes SQL of the comparison
    return len(db.select(Notified, notified.recipient == recipient, notified.at > since, mailed))


def waiting_notices(db: Session, until: datetime) -> list[Notified]:
    """The notices of all whose first one has waited since then or longer, oldest first."""
    notified = TABLES[Notified]
    waiting = notified.waiting == True  # noqa: E712
    first = db.select(Notified, waiting, notified.at <= until)
    recipients = {one.recipient for one in first}
    return db.select(Notified, waiting, notified.recipient.in_(list(recipients))) if first else []


def message_counts(db: Session) -> dict[str, int]:
    """The number of messages of each conversation that has any."""
    message = TABLES[Message]
    counted = message.select(message.conversation, pw.fn.COUNT(message.id))
    return dict(db.execute(counted.group_by(message.conversation)).fetchall())


def message_count(db: Session, conversation: str) -> int:
    """The number of messages of one conversation."""
    message = TABLES[Message]
    counted = message.select(pw.fn.COUNT(message.id)).where(message.conversation == conversation)
    return int(db.execute(counted).fetchone()[0])


def came_in_since(db: Session, conversation: str, since: datetime, limit: int) -> bool:
    """Whether at least that many mails came into a conversation since then; no text is loaded for it."""
    message = TABLES[Message]
    came_in = (message.conversation == conversation) & (message.direction == Direction.IN)
    newest = message.select(message.at).where(came_in).order_by(message.id.desc())
    found = db.execute(newest.offset(limit - 1).limit(1)).fetchone()
    return found is not None and message.at.python_value(found[0]) > since


def busy_times(db: Session, calendars: Collection[str], within: Span) -> list[BusyTime]:
    """The times that these calendars have as taken, as far as they touch `within`."""
    busy = TABLES[BusyTime]
    return db.select(
        BusyTime,
        busy.calendar.in_(list(calendars)),
        busy.end > within.start,
        busy.start < within.end,
    )


def due_entries(db: Session, now: datetime, limit: int) -> list[CalendarEntry]:
    """Bookings that are to be written into calendars now, those that wait longest first."""
    entry = TABLES[CalendarEntry]
    due = entry.due <= now
    return db.select(CalendarEntry, due, order=[entry.due], limit=limit, claimed=True)


def is_notice(db: Session, conversation: str, message_id: str) -> bool:
    """Whether a mail of ours was a notice to a host: it stands in the queue, but not in the record."""
    delivery = TABLES[Delivery]
    return bool(
        db.select(
            Delivery,
            delivery.conversation == conversation,
            delivery.message_id == message_id,
            delivery.message.is_null(),
            limit=1,
        )
    )
