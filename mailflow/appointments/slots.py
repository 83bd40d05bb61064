"""The free slots of an appointment type, from the configuration, the bookings that stand, and the hosts' calendars."""

from datetime import datetime, timedelta

from mailflow.appointments import calendars
from mailflow.appointments.availability import (
    HostTime,
    Hours,
    Objection,
    Rules,
    collisions,
    free_slots,
    objections,
)
from mailflow.config import AppointmentType
from mailflow.spans import Span
from mailflow.store.queries import bookings_of_type, reserved_spans
from mailflow.store.tables import Booking
from mailflow.store.unit import Unit

DAY = timedelta(days=1)


def free(
    unit: Unit, kind: AppointmentType, within: Span, *, moving: Booking | None = None
) -> list[Span]:
    """The free slots that begin within a span; the time that `moving` takes now counts as free."""
    hosts = _host_times(unit, kind, within, moving)
    return free_slots(rules(kind), hosts, within, unit.now)


def is_free(
    unit: Unit, kind: AppointmentType, start: datetime, *, moving: Booking | None = None
) -> bool:
    """Whether a slot at `start` is free by all the rules."""
    return not why_not(unit, kind, start, moving=moving)


def why_not(
    unit: Unit, kind: AppointmentType, start: datetime, *, moving: Booking | None = None
) -> list[Objection]:
    """What stands against a slot at `start`; nothing, if it is free."""
    hosts = _host_times(unit, kind, Span(start, start + kind.duration), moving)
    return objections(rules(kind), hosts, start, unit.now)


def is_clear(
    unit: Unit, kind: AppointmentType, start: datetime, *, moving: Booking | None = None
) -> bool:
    """Whether no booking or busy time stands against `start`: all that is asked of a time which the host named."""
    hosts = _host_times(unit, kind, Span(start, start + kind.duration), moving)
    return start > unit.now and not collisions(rules(kind), hosts, start)


def padded(kind: AppointmentType, start: datetime) -> Span:
    """The host's time that a booking at `start` takes, buffers and all."""
    return rules(kind).padded(start)


def rules(kind: AppointmentType) -> Rules:
    """What the configuration asks of a slot of this type."""
    return Rules(
        duration=kind.duration,
        increment=kind.increment,
        buffer_before=kind.buffer_before,
        buffer_after=kind.buffer_after,
        minimum_notice=kind.minimum_notice,
        horizon=kind.horizon,
        daily_limit=kind.daily_limit,
    )


def _host_times(
    unit: Unit, kind: AppointmentType, within: Span, moving: Booking | None
) -> list[HostTime]:
    # A day more on both sides: dates of other zones, and buffers that reach over the edge.
    around = Span(within.start - 2 * DAY, within.end + kind.duration + 2 * DAY)
    reserved = [
        one
        for one in reserved_spans(unit.db, kind.hosts, around)
        if moving is None or one.booking != moving.id
    ]
    of_type = bookings_of_type(unit.db, kind.slug, around) if kind.daily_limit else []
    booked = tuple(one.start for one in of_type if moving is None or one.id != moving.id)
    return [
        HostTime(
            hours=_hours(unit, handle),
            busy=(
                *(Span(one.start, one.end) for one in reserved if one.host == handle),
                *calendars.busy(unit, handle, around),
            ),
            booked=booked,
            unknown=bool(calendars.silent(unit, handle)),
        )
        for handle in kind.hosts
    ]


def _hours(unit: Unit, handle: str) -> Hours:
    host = unit.config.host(handle)
    return Hours(host.timezone, host.hours, host.overrides)
