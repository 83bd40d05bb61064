"""Calendar answers: what somebody's calendar says to an invite, read from a part of their mail."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from itertools import chain, islice
from typing import Any
from urllib.parse import unquote

from icalendar import Component, vCalAddress, vDDDTypes

from mailflow.appointments.itip import texts
from mailflow.appointments.itip.reading import content_lines, name_of, parse

MAX_CALENDAR = 256 * 1024  # octets; a real answer has two thousand
MAX_READ = 64 * 1024  # octets of the lines that are read; three hundred attendees
MAX_COMPONENTS = 20  # an event, its alarms, and a time zone with some history
MAX_RULES = 10  # of a zone: two clock changes, under five laws
MAX_ANSWERS = 100  # one is usual; a counter-proposal may name everybody

ANSWERS = frozenset({"REPLY", "COUNTER", "REFRESH"})
PARTSTATS = frozenset({"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"})
MAX_SEQUENCE = 2**31 - 1  # INTEGER, RFC 5545 section 3.3.8
YEARS = range(1970, 2101)  # a zone is followed year by year up to the date asked for

_READ = frozenset(
    b"BEGIN END METHOD UID SEQUENCE DTSTAMP DTSTART DTEND DURATION ATTENDEE ORGANIZER COMMENT"
    b" TZID TZOFFSETFROM TZOFFSETTO RRULE RDATE".split()
)
# How clock changes are written; other rules (each second since 1601) could keep us busy for ever.
_CLOCK_CHANGE = re.compile(
    rb"RRULE:(?:(?:FREQ=YEARLY|INTERVAL=1|WKST=[A-Z]{2}|UNTIL=[\dTZ]{8,16}"
    rb"|BYMONTH=(?:0?[1-9]|1[0-2])|BYMONTHDAY=-?\d\d?(?:,-?\d\d?){0,6}|BYDAY=(?:-?[1-5])?[A-Z]{2}"
    rb"|BY(?:HOUR|MINUTE|SECOND)=\d\d?)(?:;|$))+",
    re.IGNORECASE,
)
_BEFORE_CLOCKS_CHANGED = re.compile(rb"DTSTART[^:]*:(?:0|1[0-5])")  # Outlook's zones begin in 1601
_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a calendar says of one event for one attendee; others decide whether it counts."""

    method: str  # REPLY, COUNTER or REFRESH
    uid: str
    sequence: int
    stamp: datetime | None  # UTC, as start and end; None where no instant is said beyond doubt
    attendee: str  # a bare address in lower case
    partstat: str  # one of PARTSTATS
    start: datetime | None
    end: datetime | None
    organizer: str | None
    comment: str
    delegates: tuple[str, ...] = ()  # whom a DELEGATED attendee sends instead, as bare addresses


@lru_cache(maxsize=8)  # a mail is asked for them at each address that it came to
def read_answers(calendar: bytes) -> tuple[Answer, ...]:
    """The answers in a calendar part of a mail, one for each ATTENDEE of each event.

    REPLY, COUNTER and REFRESH are answers (RFC 5546 section 3.2). Nothing else is, nor what cannot
    be read or is larger than an answer can be. Never raises.
    """
    if len(calendar) > MAX_CALENDAR:
        return ()
    lines = [line for line in content_lines(calendar) if _is_read(line)]
    if not _is_modest(lines):
        return ()
    try:
        answers = chain.from_iterable(map(_answers, parse(lines)))
        return tuple(islice(answers, MAX_ANSWERS))
    except Exception:  # a stranger's calendar can make icalendar fail in any way there is
        return ()


def _is_read(line: bytes) -> bool:
    # Both UTC and a zone: two instants, so none (RFC 5545 section 3.2.19).
    ambiguous = line.startswith(b"DT") and b"TZID=" in line and line.endswith(b"Z")
    return name_of(line) in _READ and not ambiguous


def _is_modest(lines: list[bytes]) -> bool:
    components = sum(name_of(line) == b"BEGIN" for line in lines)
    rules = [line for line in lines if name_of(line) == b"RRULE"]
    few = components <= MAX_COMPONENTS and len(rules) <= MAX_RULES
    short = sum(map(len, lines)) <= MAX_READ
    late = not any(map(_BEFORE_CLOCKS_CHANGED.match, lines))
    return few and short and late and all(map(_is_clock_change, rules))


def _is_clock_change(rule: bytes) -> bool:
    """Whether clocks can change so: on a day that comes. One that never does is looked for until the year 9999."""
    if not _CLOCK_CHANGE.fullmatch(rule):
        return False
    parts = [part.split(b"=") for part in rule.upper()[len("RRULE:") :].split(b";") if part]
    told = dict(parts)
    month, weekday = int(told.get(b"BYMONTH", 0)), told.get(b"BYDAY", b"")
    days = [abs(int(day)) for day in told.get(b"BYMONTHDAY", b"").split(b",") if day]
    is_counted = len(weekday) > len("SU")  # the second, or the last but one
    if len(told) < len(parts) or (weekday and not is_counted and not month):
        return False
    return not days or (not is_counted and 1 <= min(days) <= monthrange(_LEAP_YEAR, month or 1)[1])


def _answers(calendar: Component) -> Iterator[Answer]:
    method = str(_first(calendar, "METHOD")).strip().upper()
    if method in ANSWERS:
        for event in calendar.walk("VEVENT"):
            yield from _answers_about(event, method)


def _answers_about(event: Component, method: str) -> Iterator[Answer]:
    uid = texts.line(_first(event, "UID") or "")
    sequence = _first(event, "SEQUENCE") or 0
    if not uid or not isinstance(sequence, int) or not 0 <= sequence <= MAX_SEQUENCE:
        return
    organizer = _first(event, "ORGANIZER")
    answer = partial(
        Answer,
        method=method,
        uid=uid,
        sequence=sequence,
        stamp=_instant(_first(event, "DTSTAMP")),
        start=_instant(_first(event, "DTSTART")),
        end=_end(event),
        organizer=_address(organizer) if organizer else None,
        comment="\n".join(map(texts.lines, _all(event, "COMMENT"))),
    )
    for attendee in _all(event, "ATTENDEE"):
        yield answer(
            attendee=_address(attendee),
            partstat=_partstat(attendee),
            delegates=_delegates(attendee),
        )


def _all(component: Component, name: str) -> list[Any]:
    values = component.get(name, [])
    return values if isinstance(values, list) else [values]


def _first(component: Component, name: str) -> Any:
    return next(iter(_all(component, name)), None)


def _address(person: str) -> str:
    return texts.line(unquote(re.sub(r"^\s*mailto:", "", person, flags=re.IGNORECASE))).lower()


def _partstat(attendee: vCalAddress) -> str:
    """One that we do not know counts as none (RFC 5545 section 3.2.12)."""
    said = str(attendee.params.get("PARTSTAT")).upper()
    return said if said in PARTSTATS else "NEEDS-ACTION"


def _delegates(attendee: vCalAddress) -> tuple[str, ...]:
    """DELEGATED-TO (RFC 5545 section 3.2.5): one address, or several."""
    said = attendee.params.get("DELEGATED-TO", ())
    return tuple(map(_address, (said,) if isinstance(said, str) else said))


def _plain(said: Any) -> Any:
    """The time or duration that was said; None where none was, or none that can be read."""
    return said.dt if isinstance(said, vDDDTypes) else None


def _instant(said: Any) -> datetime | None:
    """In UTC; None for a day, a floating time, and a time in a zone that nobody knows."""
    moment = _plain(said)
    if not isinstance(moment, datetime) or moment.tzinfo is None or moment.year not in YEARS:
        return None
    return moment.astimezone(UTC)


def _end(event: Component) -> datetime | None:
    start, duration = _instant(_first(event, "DTSTART")), _plain(_first(event, "DURATION"))
    if start and isinstance(duration, timedelta):
        return start + duration
    return _instant(_first(event, "DTEND"))
