"""What stands against a time, in words: which rule, whose booking, which calendar."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from mailflow import wording
from mailflow.appointments import calendars, slots
from mailflow.appointments.availability import Objection, Reason
from mailflow.config import AppointmentType, Host
from mailflow.phrases import Said, said
from mailflow.spans import Span
from mailflow.store.queries import reserved_spans
from mailflow.store.tables import Booking
from mailflow.store.unit import Unit

RULES = frozenset(
    {Reason.TOO_SOON, Reason.TOO_FAR, Reason.OUTSIDE_HOURS, Reason.DAILY_LIMIT, Reason.UNKNOWN}
)
"""What a time that the host names may break, and the host should know of."""


def why_not(
    unit: Unit, kind: AppointmentType, start: datetime, *, moving: Booking | None = None
) -> list[Said]:
    """Every reason why a slot at `start` is not free; none, if it is."""
    found = slots.why_not(unit, kind, start, moving=moving)
    return [_in_words(unit, kind, objection) for objection in found]


def broken_rules(unit: Unit, kind: AppointmentType, times: Iterable[datetime]) -> list[Said]:
    """One sentence for each rule that each of the times breaks; none, if they are by the rules."""
    zone = _zone(unit, kind)
    return [
        said(
            "%(when)s: %(reason)s",
            when=partial(wording.when, time, zone),
            reason=_in_words(unit, kind, objection),
        )
        for time in times
        for objection in slots.why_not(unit, kind, time)
        if objection.reason in RULES
    ]


def _zone(unit: Unit, kind: AppointmentType) -> ZoneInfo:
    return unit.config.host(kind.hosts[0]).timezone


def _in_words(unit: Unit, kind: AppointmentType, objection: Objection) -> Said:
    zone = _zone(unit, kind)
    match objection.reason:
        case Reason.TOO_SOON:
            earliest = partial(wording.when, unit.now + kind.minimum_notice, zone)
            return said("too soon: minimum_notice leaves nothing before %(when)s", when=earliest)
        case Reason.TOO_FAR:
            latest = partial(wording.when, unit.now + kind.horizon, zone)
            return said("too far ahead: horizon ends on %(when)s", when=latest)
        case _:
            return _of_host_in_words(unit, kind, objection)


def _of_host_in_words(unit: Unit, kind: AppointmentType, objection: Objection) -> Said:
    host = unit.config.host(kind.hosts[objection.host or 0])
    match objection.reason:
        case Reason.OUTSIDE_HOURS:
            return said("outside the hours of %(host)s", host=host.name)
        case Reason.OFF_GRID:
            return said(
                "between two starts: there is one every %(length)s from the beginning of the hours",
                length=partial(wording.duration, kind.increment),
            )
        case Reason.DAILY_LIMIT:
            return said(
                "daily_limit: %(host)s has %(limit)s of these on that day already",
                host=host.name,
                limit=kind.daily_limit,
            )
        case Reason.UNKNOWN:
            return said(
                "nobody knows when %(host)s is busy: %(trouble)s",
                host=host.name,
                trouble=calendars.silent(unit, host.handle),
            )
        case _:
            return _busy(unit, host, _zone(unit, kind), objection.span)


def _busy(unit: Unit, host: Host, zone: ZoneInfo, span: Span | None) -> Said:
    """What takes a busy span: a booking by its id, or else an entry of a calendar."""
    if span is None:
        return said("%(host)s is busy all the time", host=host.name)
    facts = {
        "host": host.name,
        "day": partial(wording.day, span.start, zone),
        "span": partial(wording.span, span.start, span.end, zone),
    }
    booking = _booking_at(unit, host.handle, span)
    if booking is None:
        where = calendars.where(unit, host.handle, span)
        return said("%(host)s is busy: %(day)s, %(span)s, in %(where)s", **facts, where=where)
    return said("%(host)s is busy: %(day)s, %(span)s, booking %(id)s", **facts, id=booking)


def _booking_at(unit: Unit, handle: str, span: Span) -> str | None:
    taken: Sequence[str] = [
        one.booking
        for one in reserved_spans(unit.db, [handle], span)
        if Span(one.start, one.end) == span
    ]
    return next(iter(taken), None)
