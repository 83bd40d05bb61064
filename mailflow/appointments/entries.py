"""Bookings that are written into the hosts' calendars on their servers (CalDAV), as the mails tell them.

What waits is a row; a try moves it on, and success removes it. So a crash, a server that is down,
and a booking that changes meanwhile all come to one more try.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from mailflow.appointments.calendars import Source, sources
from mailflow.appointments.itip import entry
from mailflow.appointments.telling import Telling
from mailflow.appointments.uids import uid_of
from mailflow.store.queries import due_entries
from mailflow.store.states import Status
from mailflow.store.tables import Attendee, Booking, CalendarEntry
from mailflow.store.unit import Unit

AT_ONCE = 20
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking as a calendar shall have it; without `content` it shall not have it any more."""

    row: CalendarEntry
    source: Source
    uid: str
    content: bytes | None


def claim(unit: Unit) -> list[Entry]:
    """The entries to be written now; each will be tried again later unless it is `settle`d."""
    known = {source.key: source for source in sources(unit.config) if source.calendar.write}
    return list(_claimed(unit, known))


def _claimed(unit: Unit, known: dict[str, Source]) -> Iterator[Entry]:
    for row in due_entries(unit.db, unit.now, AT_ONCE):
        booking = unit.db.get(Booking, row.booking)
        source = known.get(row.calendar)
        if source is None or booking.end < unit.now:
            unit.db.delete(CalendarEntry, id=row.id)  # nobody needs it any more
            continue
        wait = min(FIRST_WAIT * 2 ** min(row.attempts, 10), LONGEST_WAIT)
        tried = unit.db.change(row, attempts=row.attempts + 1, due=unit.now + wait)
        yield Entry(tried, source, uid_of(unit, booking), _content(unit, booking, source))


def settle(unit: Unit, done: Entry, trouble: str) -> None:
    """What a try came to; a booking that changed since stays in the queue."""
    row = unit.db.find(CalendarEntry, id=done.row.id)
    if row is None or row.attempts != done.row.attempts:
        return
    if trouble:
        unit.db.change(row, detail=trouble)
    else:
        unit.db.delete(CalendarEntry, id=row.id)


def _content(unit: Unit, booking: Booking, source: Source) -> bytes | None:
    attendee = unit.db.find(Attendee, booking=booking.id, handle=source.host.handle)
    if attendee is None or booking.status is Status.CANCELLED:
        return None
    return entry(Telling(unit, booking).invite(attendee, str(source.host.timezone)))
