"""The hosts' calendars: read in the background, read again before a booking, and written to."""

from mailflow.doors.calendars.calendars import Calendars, read

__all__ = ["Calendars", "read"]
