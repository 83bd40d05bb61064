"""A booking in the language of calendars (iTIP, RFC 5546): the invite, and the answers to it.

icalendar is used in this package alone, and on a short lead: what it writes is read again before
it leaves, and what it is given to read is first cut down to what an answer is made of.
"""

from mailflow.appointments.itip.answers import Answer, read_answers
from mailflow.appointments.itip.invites import Invite, publish, write_invite

__all__ = ["Answer", "Invite", "publish", "read_answers", "write_invite"]
