"""Reads one foreign calendar in a process of its own, which can be ended; `doors/calendars` starts it.

In: a line of JSON (`start`, `end`, `zone`), then the calendar. Out: JSON, `times` and `unreadable`,
or `error`.
"""

import json
import resource
import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailflow.appointments.itip.busy import MAX_CALENDAR, busy_times
from mailflow.errors import UnreadableCalendar
from mailflow.spans import Span

CPU = 10  # seconds; five thousand events take two
MEMORY = 1024**3  # bytes of address space; a year of a busy life takes a tenth


def main() -> None:
    """Answer on stdout, within these limits."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    asked = json.loads(sys.stdin.buffer.readline())
    calendar = sys.stdin.buffer.read(MAX_CALENDAR + 1)
    json.dump(_answer(asked, calendar), sys.stdout)


def _answer(asked: dict[str, str], calendar: bytes) -> dict[str, Any]:
    within = Span(datetime.fromisoformat(asked["start"]), datetime.fromisoformat(asked["end"]))
    try:
        found = busy_times(calendar, within, ZoneInfo(asked["zone"]))
    except UnreadableCalendar as error:
        return {"error": str(error)}
    times = [(one.uid, one.span.start.isoformat(), one.span.end.isoformat()) for one in found.times]
    return {"times": times, "unreadable": found.unreadable}


main()
