"""Reminders: planned with a booking, sent at their times in the thread where it was announced."""

from mailflow.appointments.announcing import remind
from mailflow.config import AppointmentType
from mailflow.store.queries import due_reminders
from mailflow.store.queues import void_deliveries
from mailflow.store.states import Status
from mailflow.store.tables import Booking, Reminder
from mailflow.store.unit import Unit

AT_ONCE = 50
"""Reminders in one transaction at most, so that it stays short after a long stop."""


def plan(unit: Unit, booking: Booking, kind: AppointmentType) -> None:
    """Reminders at the times that the type says; none for a time that is past already."""
    for before in set(kind.reminders):
        at = booking.start - before
        if at > unit.now:
            unit.db.insert(Reminder(id=0, booking=booking.id, at=at))


def forget(unit: Unit, booking: Booking) -> None:
    """No reminder of a booking that was moved or cancelled, nor of one that is in the queue still."""
    unit.db.delete(Reminder, booking=booking.id, sent=False)
    void_deliveries(unit.db, booking.thread, booking.announced, unit.now)


def send_due(unit: Unit) -> int:
    """Send what is due; a missed one goes late while the appointment is ahead, and never after. Returns how many."""
    due = due_reminders(unit.db, unit.now, AT_ONCE)
    for reminder in due:
        unit.db.change(reminder, sent=True)
    for booking in {reminder.booking for reminder in due}:
        _send(unit, unit.db.get(Booking, booking))
    return len(due)


def _send(unit: Unit, booking: Booking) -> None:
    if booking.status is Status.CONFIRMED and booking.start > unit.now:
        remind(unit, booking)
