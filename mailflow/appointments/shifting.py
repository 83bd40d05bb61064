"""Appointments whose time on somebody's clock is another now, since the rules of a time zone changed.

An appointment is an instant, and stays when it is; but people come by their clocks. Governments change the rules at a
few weeks' notice, and a new release of the zone data (tzdata) brings them here.
"""

from mailflow.appointments.announcing import announce
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
    coming = confirmed_bookings(unit.db, unit.now)
    shifted = [booking for booking in coming if _is_shifted(booking)][:AT_ONCE]
    for booking in shifted:
        again = unit.db.change(
            booking, sequence=booking.sequence + 1, stamp=max(booking.stamp, unit.now)
        )
        announce(unit, again, News(Change.SHIFTED))
    return len(shifted)


def _is_shifted(booking: Booking) -> bool:
    return any(ahead(zone, booking.start) != seconds for zone, seconds in booking.clocks)
