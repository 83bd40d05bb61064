"""Appointments whose time on somebody's clock is another now, since the rules of a time zone changed.

An appointment is an instant, and stays when it is; but people come by their clocks. Governments change the rules at a
few weeks' notice, and a new release of the zone data (tzdata) brings them here.
"""

from mailflow.appointments.announcing import announce, revise
from mailflow.appointments.telling import Change, News
from mailflow.spans import ahead
from mailflow.store.queries import confirmed_bookings
from mailflow.store.tables import Booking
from mailflow.store.unit import Unit

AT_ONCE = 20
"""Bookings in one transaction at most, so that it stays short when a whole country is concerned."""


def tell_shifted(unit: Unit) -> int:
    """Tell all concerned of coming bookings what their clocks will show; returns how many bookings that were.

    A process has one release of the zone data for all its life: whoever starts it calls this until there are none.
    """
    told = shifted(unit)[:AT_ONCE]
    for booking in told:
        announce(unit, revise(unit, booking), News(Change.SHIFTED))
    return len(told)


def shifted(unit: Unit) -> list[Booking]:
    """The coming bookings at which a clock will show another time than its people were told."""
    return [one for one in confirmed_bookings(unit.db, unit.now) if _is_shifted(one)]


def _is_shifted(booking: Booking) -> bool:
    return any(ahead(zone, booking.start) != seconds for zone, seconds in booking.clocks)
