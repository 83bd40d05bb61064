"""The busy times in somebody's calendar: a feed, or what a CalDAV server hands out."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component

from mailflow.appointments.itip import texts
from mailflow.appointments.itip.reading import content_lines, name_of, parse
from mailflow.errors import UnreadableCalendar
from mailflow.spans import Span, whole_days

MAX_CALENDAR = 1024 * 1024  # octets: years of a busy life
MAX_COMPONENTS = 5_000  # events, their alarms, and time zones
MAX_TIMES = 20_000  # in the window: more would make each look for a free time slow
MAX_UID = 255  # as long as others take them

YEARS = range(1970, 2101)  # a rule is followed from its first event on
DAY = timedelta(days=1)

_READ = frozenset(
    b"BEGIN END UID SEQUENCE DTSTART DTEND DURATION STATUS TRANSP RRULE RDATE EXDATE RECURRENCE-ID"
    b" FREEBUSY TZID TZOFFSETFROM TZOFFSETTO".split()
)
# Every minute of a year is half a million events, and nobody's calendar.
_RELENTLESS = re.compile(r"FREQ=(?:SECONDLY|MINUTELY)|BY(?:MINUTE|SECOND)=[^;]*,", re.IGNORECASE)
_FREE = ("CANCELLED", "TRANSPARENT")


@dataclass(frozen=True, slots=True)
class Busy:
    """One time that is taken, and the UID of its event ("" for a time of a VFREEBUSY)."""

    uid: str
    span: Span


@dataclass(frozen=True, slots=True)
class BusyTimes:
    """What a calendar says of a window; `unreadable` events had to be left out."""

    times: tuple[Busy, ...]
    unreadable: int = 0


def busy_times(calendar: bytes, within: Span, zone: ZoneInfo) -> BusyTimes:
    """The times in `within` that a calendar, or several in a row, has as taken.

    Recurring events are followed, with their exceptions; days and floating times are `zone`'s.
    What is cancelled or transparent takes no time (RFC 5545 sections 3.8.1.11 and 3.8.2.7). Raises
    `UnreadableCalendar`. A hostile calendar can take minutes: run it where it can be ended.
    """
    lines = _lines(calendar)
    try:
        return _collect(parse(lines), within, zone)
    except UnreadableCalendar:
        raise
    except Exception as error:  # a stranger's calendar can make icalendar fail in any way there is
        raise UnreadableCalendar("it is no calendar (RFC 5545)") from error


def _lines(calendar: bytes) -> list[bytes]:
    if len(calendar) > MAX_CALENDAR:
        raise UnreadableCalendar(f"it has more than {MAX_CALENDAR} bytes")
    lines = [line for line in content_lines(calendar) if name_of(line) in _READ]
    begun = sum(name_of(line) == b"BEGIN" for line in lines)
    if begun > MAX_COMPONENTS:
        raise UnreadableCalendar(f"it has more than {MAX_COMPONENTS} components")
    if not lines or lines[0].strip().upper() != b"BEGIN:VCALENDAR":
        raise UnreadableCalendar("it is no calendar (RFC 5545)")
    if begun != sum(name_of(line) == b"END" for line in lines):
        raise UnreadableCalendar("its end is missing")
    return lines


def _collect(parsed: Iterable[Component], within: Span, zone: ZoneInfo) -> BusyTimes:
    times: list[Busy] = []
    unreadable = 0
    for taken in _sources(parsed, within, zone):
        try:
            times += (one for one in taken if one.span.overlaps(within))
        except Exception:  # one odd event must not hide all others
            unreadable += 1
        if len(times) > MAX_TIMES:
            raise UnreadableCalendar(f"it has more than {MAX_TIMES} busy times")
    return BusyTimes(tuple(times), unreadable)


def _sources(parsed: Iterable[Component], within: Span, zone: ZoneInfo) -> Iterator[Iterator[Busy]]:
    """The times of each series of events, and of each VFREEBUSY, to be read one by one."""
    series: dict[str, Calendar] = {}
    for number, component in enumerate(one for whole in parsed for one in whole.walk()):
        if component.name == "VEVENT":
            # An event must have a UID; one without is nobody else's sibling.
            uid = texts.line(str(component.get("UID") or ""))[:MAX_UID]
            series.setdefault(uid or f"\0{number}", Calendar()).add_component(component)
        elif component.name == "VFREEBUSY":
            yield _periods(component, zone)
    for uid, events in series.items():
        yield _occurrences(uid.partition("\0")[0], events, within, zone)


def _occurrences(uid: str, events: Calendar, within: Span, zone: ZoneInfo) -> Iterator[Busy]:
    broken = [(event, key) for event in events.subcomponents for key, _ in event.errors]
    for event, key in broken:
        event.pop(key, None)
    for event in events.subcomponents:
        _check_rules(event)
    # Floating times and days may lie in another zone than the window: a day more on both sides.
    begin, end = within.start - DAY, within.end + DAY
    found: list[Any] = recurring_ical_events.of(events).between(begin, end)
    for event in found:
        if not any(str(event.get(key)).upper() in _FREE for key in ("STATUS", "TRANSP")):
            yield from _busy(uid, event["DTSTART"].dt, event["DTEND"].dt, zone)
    if broken:
        raise UnreadableCalendar("not all of an event can be read")  # what can be, counts


def _check_rules(event: Component) -> None:
    """Refuses what would keep us busy for ever."""
    start: Any = event["DTSTART"]
    rules: Any = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if start.dt.year not in YEARS or _RELENTLESS.search(rule.to_ical().decode()):
            raise UnreadableCalendar("a rule that has too much to it")


def _periods(component: Component, zone: ZoneInfo) -> Iterator[Busy]:
    """The times of a FREEBUSY property (RFC 5545 section 3.8.2.6)."""
    properties: Any = component.get("FREEBUSY", [])
    for value in properties if isinstance(properties, list) else [properties]:
        if str(value.params.get("FBTYPE", "BUSY")).upper() != "FREE":
            start, end = value.dt
            yield from _busy("", start, start + end if isinstance(end, timedelta) else end, zone)


def _busy(uid: str, start: Any, end: Any, zone: ZoneInfo) -> Iterator[Busy]:
    span = Span(_instant(start, zone), _instant(end, zone))
    if span.start < span.end:
        yield Busy(uid, span)


def _instant(moment: date, zone: ZoneInfo) -> datetime:
    if not isinstance(moment, datetime):
        return whole_days(moment, moment, zone).start
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
