"""Foreign calendars, cut down to the lines that somebody needs before icalendar reads them."""

import re
import threading
from collections.abc import Iterable, Iterator

from icalendar import Calendar, Component
from icalendar.timezone import tzp

# icalendar keeps a calendar's own time zones by name for the whole process.
_zones = threading.Lock()


def content_lines(calendar: bytes) -> Iterator[bytes]:
    """The unfolded lines, whatever ends them (RFC 5545 section 3.1): a fold may part a letter."""
    whole = bytearray()
    for line in calendar.lstrip(b"\xef\xbb\xbf \t\r\n").splitlines():
        if line[:1] in (b" ", b"\t"):
            whole += line[1:]
        elif line:
            yield bytes(whole)
            whole = bytearray(line)
    yield bytes(whole)


def name_of(line: bytes) -> bytes:
    """The property's name in capitals."""
    return re.split(rb"[;:]", line, maxsplit=1)[0].upper()


def parse(lines: Iterable[bytes]) -> list[Component]:
    """The calendars of these content lines; icalendar may raise anything."""
    with _zones:
        tzp.use_default()  # else a zone of an earlier sender would be known here
        return list(Calendar.from_ical(b"\r\n".join([*lines, b""]), multiple=True))
