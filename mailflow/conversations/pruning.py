"""What is old goes: conversations in which nothing happens any more, and all that stands for them.

A conversation goes as a whole or stays as a whole. It stays while anything of it is younger than asked for: a message,
an appointment made or offered in it, a mail that is on its way. Nothing of it is kept, and no id: whoever answers it
later starts a new conversation with the host.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from mailflow.store import retention
from mailflow.store.blobs import forget
from mailflow.store.retention import named_after, newest_rows, unnamed_blobs
from mailflow.store.tables import (
    Attendee,
    Blob,
    Booking,
    CalendarEntry,
    Conversation,
    Delivery,
    KeptBack,
    KnownId,
    Merge,
    Message,
    Notified,
    Offer,
    OfferedSlot,
    Participant,
    Proposal,
    Question,
    Reminder,
    Reserved,
    TakenMail,
)
from mailflow.store.unit import Unit

Counts = Counter[str]

TOGETHER = 20
"""Conversations of one transaction: a running `serve` waits for its end."""

ROWS = 200
"""Rows of one transaction, of what stands alone."""

DIGITS = "0123456789abcdef"
"""How a digest begins: the bytes are looked through in as many parts."""


@dataclass(frozen=True, slots=True)
class Age:
    """What is to go."""

    since: datetime
    """In what goes nothing has happened since then."""
    host: str | None = None
    """Handle of the host whose it is; None for all, and for what belongs to no host."""
    trial: bool = False
    """Only count what would go."""


@dataclass(frozen=True, slots=True)
class _Page:
    """The keys that one transaction has looked at, and how many rows of which kind went."""

    last: Any
    gone: Counts


class _Trial(Exception):
    """Undoes what was only tried."""


Step = Callable[[Age, Any, Unit], _Page]
"""Lets go of what comes after a key."""


def prune(run: Callable[..., Any], age: Age) -> Iterator[Counts]:
    """Let go what is old, in small transactions that `run` runs; yields how many rows of which kind each of them took.

    It may be stopped at any time: what is left is found by the next run.
    """
    steps: list[Step] = [_conversations, _bookings, _questions]
    if age.host is None:
        steps += [_mails, _copies, _notices]
    for step in steps:
        last: Any = None
        while (page := run(_tried, age.trial, partial(step, age, last))).last is not None:
            last = page.last
            yield page.gone
    if not age.trial:
        yield from _blobs(run)


def number_of_silent(unit: Unit, age: Age) -> int:
    """How many conversations are to go."""
    return retention.number_of_silent_conversations(unit.db, age.since, age.host)


def _tried(unit: Unit, trial: bool, step: Callable[[Unit], _Page]) -> _Page:
    with suppress(_Trial), unit.db.attempt():
        page = step(unit)
        if trial:
            raise _Trial
    return page


def _conversations(age: Age, last: str | None, unit: Unit) -> _Page:
    found = retention.silent_conversations(unit.db, age.since, age.host, last or "", TOGETHER)
    return _page(found, (_forget(unit, ident) for ident in found))


def _bookings(age: Age, last: str | None, unit: Unit) -> _Page:
    found = retention.past_bookings_outside(unit.db, age.since, age.host, last or "", TOGETHER)
    return _page([one.id for one in found], (_forget(unit, one.thread) for one in found))


def _questions(age: Age, last: str | None, unit: Unit) -> _Page:
    found = retention.questions_before(unit.db, age.since, age.host, last or "", ROWS)
    for question in found:
        unit.db.delete(Question, id=question.id)
    mails = _forget_mails(unit, [one.taken for one in found])
    return _page([one.id for one in found], [Counter(questions=len(found), mails=mails)])


def _mails(age: Age, last: int | None, unit: Unit) -> _Page:
    found = retention.unneeded_mails_before(unit.db, age.since, last or 0, ROWS)
    return _page(found, [Counter(mails=_forget_mails(unit, found))])


def _copies(age: Age, last: int | None, unit: Unit) -> _Page:
    found = retention.unneeded_copies_before(unit.db, age.since, last or 0, ROWS)
    gone = sum(unit.db.delete(Delivery, id=number) for number in found)
    return _page(found, [Counter(copies=gone)])


def _notices(age: Age, last: int | None, unit: Unit) -> _Page:
    found = retention.notices_before(unit.db, age.since, last or 0, ROWS)
    for number in found:
        unit.db.delete(Notified, id=number)
    return _page(found, [])


def _page(keys: list[Any], gone: Iterable[Counts]) -> _Page:
    return _Page(keys[-1] if keys else None, sum(gone, Counter()))


def _forget(unit: Unit, thread: str) -> Counts:
    """A conversation, or what a booking outside any has in its place, and those that were joined into it."""
    gone: Counts = Counter()
    for merge in unit.db.all(Merge, winner=thread):
        gone += _forget(unit, merge.loser)
    unit.db.delete(Merge, winner=thread)
    mails = retention.mails_of(unit.db, thread)
    _forget_offers(unit, thread)
    bookings = unit.db.all(Booking, thread=thread)
    for booking in bookings:
        _forget_booking(unit, booking.id)
    for kind in (KnownId, Participant, KeptBack):
        unit.db.delete(kind, conversation=thread)
    return gone + Counter(
        bookings=len(bookings),
        questions=unit.db.delete(Question, conversation=thread),
        messages=unit.db.delete(Message, conversation=thread),
        copies=unit.db.delete(Delivery, conversation=thread),
        conversations=unit.db.delete(Conversation, id=thread),
        mails=_forget_mails(unit, mails),
    )


def _forget_offers(unit: Unit, conversation: str) -> None:
    """A booking made from one that stands in another conversation, which lives on, has no offer from now on."""
    for offer in unit.db.all(Offer, conversation=conversation):
        unit.db.delete(OfferedSlot, offer=offer.id)
        for booking in unit.db.all(Booking, offer=offer.id):
            unit.db.change(booking, offer=None, offered_in=None)
        unit.db.delete(Offer, id=offer.id)


def _forget_booking(unit: Unit, ident: str) -> None:
    for kind in (Attendee, Proposal, Reserved, Reminder, CalendarEntry):
        unit.db.delete(kind, booking=ident)
    unit.db.delete(Booking, id=ident)


def _forget_mails(unit: Unit, numbers: list[int]) -> int:
    """Those of these mails that nothing names any more; another host's conversation may."""
    unneeded = retention.unneeded_mails(unit.db, numbers)
    return sum(unit.db.delete(TakenMail, id=number) for number in unneeded)


def _blobs(run: Callable[..., Any]) -> Iterator[Counts]:
    """The bytes that no mail and no copy names any more, a part of them at a time."""
    for digit in DIGITS:
        newest = run(lambda unit: newest_rows(unit.db))
        unnamed = sorted(run(lambda unit, digit=digit: unnamed_blobs(unit.db, digit)))
        for start in range(0, len(unnamed), ROWS):
            yield run(_forget_blobs, unnamed[start : start + ROWS], newest)


def _forget_blobs(unit: Unit, digests: list[str], newest: tuple[int, int]) -> Counts:
    """These bytes, but for what was named since they were looked for: the same may have come in again."""
    # Who finds the same bytes here does not write them: nobody may look just now.
    unit.db.keep_to_oneself(Blob)
    unneeded = set(digests) - named_after(unit.db, newest)
    return Counter(blobs=sum(forget(unit.db, digest) for digest in unneeded))
