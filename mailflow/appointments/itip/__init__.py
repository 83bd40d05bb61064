"""A booking in the language of calendars (iTIP, RFC 5546): the invite, the answers to it, and busy times.

icalendar is used in this package alone, and on a short lead: what it is given to read is first cut
down to what an answer is made of. What we write is written by `writing`, a line at a time.
"""

from mailflow.appointments.itip.answers import Answer, read_answers
from mailflow.appointments.itip.busy import MAX_CALENDAR, Busy, BusyTimes, busy_times
from mailflow.appointments.itip.invites import Invite, decline_counter, entry, publish, write_invite

__all__ = [
    "MAX_CALENDAR",
    "Answer",
    "Busy",
    "BusyTimes",
    "Invite",
    "busy_times",
    "decline_counter",
    "entry",
    "publish",
    "read_answers",
    "write_invite",
]
