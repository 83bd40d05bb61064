"""The queries by which what is old is found, each by its name in the domain. All go by key, a page at a time."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import peewee as pw

from mailflow.store.columns import TABLES
from mailflow.store.session import Session
from mailflow.store.states import Taken
from mailflow.store.tables import (
    Blob,
    Booking,
    Conversation,
    Delivery,
    KeptBack,
    Message,
    Notified,
    Offer,
    Question,
    TakenMail,
)


def silent_conversations(
    db: Session, since: datetime, host: str | None, after: str, limit: int
) -> list[str]:
    """Conversations, of one host or of all, that were silent since then: nothing was written, no appointment that was
    made or offered in one ended, and no mail of one is on its way still."""
    conversation = TABLES[Conversation]
    where = [conversation.id > after, *_silent(since, host)]
    return _keys(db, conversation.id, where, limit)


def number_of_silent_conversations(db: Session, since: datetime, host: str | None) -> int:
    """How many conversations were silent since then."""
    conversation = TABLES[Conversation]
    counted = conversation.select(pw.fn.COUNT(conversation.id)).where(*_silent(since, host))
    return int(db.execute(counted).fetchone()[0])


def _silent(since: datetime, host: str | None) -> list[Any]:
    conversation, booking, offer = TABLES[Conversation], TABLES[Booking], TABLES[Offer]
    later = booking.select(pw.SQL("1")).where(booking.end >= since)
    made_there = later.where(booking.thread == conversation.id)
    offers = offer.select(offer.id).where(offer.conversation == conversation.id)
    where = [
        conversation.merged_into.is_null(),
        conversation.last_at < since,
        ~pw.fn.EXISTS(made_there),
        ~pw.fn.EXISTS(later.where(booking.offer.in_(offers))),
        ~pw.fn.EXISTS(_needed_copies(conversation.id)),
    ]
    return [*where, conversation.host == host] if host else where


def past_bookings_outside(
    db: Session, since: datetime, host: str | None, after: str, limit: int
) -> list[Booking]:
    """Bookings outside any conversation that ended, and were changed last, before then."""
    booking, conversation = TABLES[Booking], TABLES[Conversation]
    opened = conversation.select(pw.SQL("1")).where(conversation.id == booking.thread)
    where = [
        booking.id > after,
        booking.end < since,
        booking.stamp < since,
        ~pw.fn.EXISTS(opened),
        ~pw.fn.EXISTS(_needed_copies(booking.thread)),
    ]
    where += [booking.host == host] if host else []
    return db.select(Booking, *where, limit=limit)


def questions_before(
    db: Session, since: datetime, host: str | None, after: str, limit: int
) -> list[Question]:
    """Questions about held mails that were asked before then, answered or not."""
    question = TABLES[Question]
    where = [question.id > after, question.asked < since]
    where += [question.host == host] if host else []
    return db.select(Question, *where, limit=limit)


def unneeded_mails(db: Session, numbers: Collection[int]) -> list[int]:
    """Those of these mails that were worked on and that nothing names any more."""
    mail = TABLES[TakenMail]
    return _keys(db, mail.id, [mail.id.in_(list(numbers)), *_named_by_nothing()], len(numbers))


def unneeded_mails_before(db: Session, since: datetime, after: int, limit: int) -> list[int]:
    """Mails taken before then that were worked on, or given up, and that nothing names."""
    mail = TABLES[TakenMail]
    return _keys(db, mail.id, [mail.id > after, mail.at < since, *_named_by_nothing()], limit)


def unneeded_copies_before(db: Session, since: datetime, after: int, limit: int) -> list[int]:
    """Copies outside any conversation and booking that were settled before then, but for the newest of all."""
    copy, conversation, booking = TABLES[Delivery], TABLES[Conversation], TABLES[Booking]
    newest = copy.select(pw.fn.MAX(copy.id))
    opened = conversation.select(pw.SQL("1")).where(conversation.id == copy.conversation)
    booked = booking.select(pw.SQL("1")).where(booking.thread == copy.conversation)
    where = [
        copy.id > after,
        copy.settled < since,
        copy.id < newest,
        ~pw.fn.EXISTS(opened),
        ~pw.fn.EXISTS(booked),
    ]
    return _keys(db, copy.id, where, limit)


def notices_before(db: Session, since: datetime, after: int, limit: int) -> list[int]:
    """Notices that were mailed before then: they count no more."""
    notified = TABLES[Notified]
    mailed = notified.waiting == False  # noqa: E712 -- peewee makes SQL of the comparison
    return _keys(db, notified.id, [notified.id > after, notified.at < since, mailed], limit)


def mails_of(db: Session, conversation: str) -> list[int]:
    """The numbers of the mails that the messages, questions and paused mails of a conversation name."""
    found: list[int] = []
    for kind in (Message, Question, KeptBack):
        table = TABLES[kind]
        named = table.select(table.taken).where(
            table.conversation == conversation, table.taken.is_null(False)
        )
        found += [row[0] for row in db.execute(named).fetchall()]
    return found


def unnamed_blobs(db: Session, beginning: str) -> set[str]:
    """Digests with this beginning of bytes that no mail and no copy names."""
    blob, mail, copy = TABLES[Blob], TABLES[TakenMail], TABLES[Delivery]
    return (
        set(_beginning(db, blob.digest, beginning))
        .difference(_beginning(db, mail.blob, beginning))
        .difference(_beginning(db, copy.body, beginning))
    )


def newest_rows(db: Session) -> tuple[int, int]:
    """The highest numbers of mails and copies."""
    mail, copy = TABLES[TakenMail], TABLES[Delivery]
    mails, copies = (
        db.execute(table.select(pw.fn.MAX(table.id))).fetchone()[0] or 0 for table in (mail, copy)
    )
    return mails, copies


def named_after(db: Session, newest: tuple[int, int]) -> set[str]:
    """The digests that mails and copies with higher numbers than these name."""
    mail, copy = TABLES[TakenMail], TABLES[Delivery]
    queries = (
        mail.select(mail.blob).where(mail.id > newest[0]),
        copy.select(copy.body).where(copy.id > newest[1]),
    )
    return {row[0] for query in queries for row in db.execute(query).fetchall()}


def _needed_copies(thread: Any) -> Any:
    """Copies that are on their way; and the newest of all, whose number stands in an address: SQLite would give it to
    the next one."""
    copy = TABLES[Delivery]
    newest = copy.alias()
    needed = copy.settled.is_null() | (copy.id == newest.select(pw.fn.MAX(newest.id)))
    return copy.select(pw.SQL("1")).where(copy.conversation == thread, needed)


def _named_by_nothing() -> list[Any]:
    mail = TABLES[TakenMail]
    return [
        mail.state != Taken.TAKEN,
        *(
            ~pw.fn.EXISTS(table.select(pw.SQL("1")).where(table.taken == mail.id))
            for table in (TABLES[Message], TABLES[Question], TABLES[KeptBack])
        ),
    ]


def _keys(db: Session, key: pw.Field, where: Collection[Any], limit: int) -> list[Any]:
    query = key.model.select(key).where(*where).order_by(key).limit(limit)
    return [row[0] for row in db.execute(query).fetchall()]


def _beginning(db: Session, column: pw.Field, beginning: str) -> Iterator[str]:
    found = column.model.select(column).where(column >= beginning, column < beginning + "g")
    return (row[0] for row in db.execute(found).fetchall())
