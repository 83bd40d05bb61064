"""Bookings and free times as plain values, for whoever prints them or hands them to a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from mailflow.appointments import explaining, slots
from mailflow.appointments.narrowing import parse_time
from mailflow.appointments.uids import uid_of
from mailflow.config import Config
from mailflow.errors import MailflowError
from mailflow.spans import Span, whole_days
from mailflow.store.tables import Attendee, Booking, Conversation
from mailflow.store.unit import Unit

Facts = dict[str, Any]
"""What JSON can hold."""


@dataclass(frozen=True, slots=True)
class FreeTimes:
    """Free slots, and the zone in which their host thinks of them."""

    zone: ZoneInfo
    slots: Sequence[Span]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What stands against a time, in words; nothing, if it is free."""

    zone: ZoneInfo
    slot: Span
    reasons: Sequence[str]


def in_utc(instant: datetime) -> str:
    """ISO 8601 to the second: `2026-12-01T10:00:00Z`."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_time(text: str, zone: ZoneInfo) -> datetime:
    """The instant that somebody typed, in the host's zone unless it names one. MailflowError."""
    instant = parse_time(text, zone)
    if instant is None:
        raise MailflowError(f"{text!r} is no time; write it like 2026-12-01T10:00")
    return instant


def zone_of(config: Config, handle: str) -> str:
    """A host's zone by its IANA name; UTC for a host whom the configuration names no more."""
    return next((str(one.timezone) for one in config.hosts if one.handle == handle), "UTC")


def all_bookings(unit: Unit) -> list[Facts]:
    """Every booking, in the order of their times."""
    bookings = sorted(unit.db.all(Booking), key=attrgetter("start"))
    return [booking_facts(unit, booking) for booking in bookings]


def booking_facts(unit: Unit, booking: Booking) -> Facts:
    """One booking; `conversation` is null while its thread is no open conversation."""
    conversation = unit.db.find(Conversation, id=booking.thread)
    return {
        "id": booking.id,
        "uid": uid_of(unit, booking),
        "type": booking.type,
        "status": booking.status.value,
        "start": in_utc(booking.start),
        "end": in_utc(booking.end),
        "sequence": booking.sequence,
        "conversation": conversation.id if conversation else None,
        "offered_in": booking.offered_in,
        "client": booking.client_address,
        "attendees": [
            {"address": one.address, "partstat": _partstat(booking, one)}
            for one in unit.db.all(Attendee, booking=booking.id)
        ],
        "host": booking.host,
        "zone": zone_of(unit.config, booking.host),
    }


def free_times(unit: Unit, slug: str, first: date | None, days: int) -> FreeTimes:
    """The free slots of whole days in the host's zone, from today on if no day is given."""
    kind = unit.config.appointment_type(slug)
    zone = unit.config.host(kind.hosts[0]).timezone
    first = first or unit.now.astimezone(zone).date()
    within = whole_days(first, first + timedelta(days=days - 1), zone)
    return FreeTimes(zone, slots.free(unit, kind, within))


def explain(unit: Unit, slug: str, time: str) -> Explanation:
    """Why a time is free for an appointment type, or isn't."""
    kind = unit.config.appointment_type(slug)
    zone = unit.config.host(kind.hosts[0]).timezone
    start = read_time(time, zone)
    reasons = [str(reason) for reason in explaining.why_not(unit, kind, start)]
    return Explanation(zone, Span(start, start + kind.duration), reasons)


def _partstat(booking: Booking, attendee: Attendee) -> str:
    # Whose appointment it is, need not accept it (RFC 5545, section 3.2.16: CHAIR).
    return "ACCEPTED" if attendee.handle == booking.host else attendee.partstat
