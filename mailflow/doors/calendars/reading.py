"""A calendar read from its server: what has changed since the last time, as busy times."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from mailflow.appointments.itip import Busy, BusyTimes
from mailflow.doors.calendars.exchange import Answer, Server
from mailflow.doors.calendars.multistatus import CALDAV, DAV, SERVER, Resource, read_multistatus
from mailflow.errors import UnreadableCalendar
from mailflow.spans import Span

OK, MULTISTATUS, NOT_MODIFIED = 200, 207, 304
EXPANDING = 15.0
"""Seconds for the process that reads a calendar: it has ten of its own."""

_XML = {"content-type": "application/xml; charset=utf-8"}
_STATE = (
    b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:" xmlns:S="http://calendarserver.org/ns/">'
    b"<D:prop><D:resourcetype/><S:getctag/><D:sync-token/></D:prop></D:propfind>"
)
_EVENTS = (
    '<?xml version="1.0"?><C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    "<D:prop><C:calendar-data/></D:prop><C:filter>"
    '<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
    '<C:time-range start="{:%Y%m%dT%H%M%SZ}" end="{:%Y%m%dT%H%M%SZ}"/>'
    "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
)
_TRUNCATED = " 507 "  # RFC 4791 section 7.8: there were too many


@dataclass(frozen=True, slots=True)
class Content:
    """What a server has, and the mark by which it is known again."""

    mark: str
    calendar: bytes


async def read_feed(server: Server, mark: str) -> Content | None:
    """An ICS feed, or None if it is as it was at `mark`. Raises `UnreadableCalendar`."""
    headers = {"accept": "text/calendar"}
    if mark.startswith("etag "):
        headers["if-none-match"] = mark.removeprefix("etag ")
    answer = await server.ask("GET", server.url, headers)
    if answer.status == NOT_MODIFIED and "if-none-match" in headers:
        return None
    _expect(answer, OK)
    if not answer.body.strip():
        raise UnreadableCalendar("it is empty")
    etag = answer.headers.get("etag")
    now = f"etag {etag}" if etag else f"sha256 {sha256(answer.body).hexdigest()}"
    return None if now == mark else Content(now, answer.body)


async def read_collection(server: Server, mark: str, within: Span) -> Content | None:
    """The events of a CalDAV collection that touch `within` (RFC 4791 section 7.8), or None as above."""
    answer = await server.ask("PROPFIND", server.url, {**_XML, "depth": "0"}, _STATE)
    _expect(answer, MULTISTATUS)
    # The mark comes before the events: a change between the two is found the next time.
    now = _mark(read_multistatus(answer.body))
    if now and now == mark:
        return None
    query = _EVENTS.format(within.start, within.end).encode()
    answer = await server.ask("REPORT", server.url, {**_XML, "depth": "1"}, query)
    _expect(answer, MULTISTATUS)
    found = read_multistatus(answer.body)
    if any(_TRUNCATED in one.get(DAV, "status") for one in found):
        raise UnreadableCalendar("it has more events than its server hands out at once")
    events = [one.get(CALDAV, "calendar-data") for one in found]
    # A collection may be empty, which no iCalendar can.
    return Content(now, "\r\n".join(filter(None, events)).encode())


async def expand(content: Content, within: Span, zone: ZoneInfo) -> BusyTimes:
    """The busy times of a calendar, worked out in a process that a hostile one cannot hold on to."""
    if not content.calendar:
        return BusyTimes(())
    asked = {"start": within.start.isoformat(), "end": within.end.isoformat(), "zone": str(zone)}
    told = json.dumps(asked).encode() + b"\n" + content.calendar
    try:
        answer = await asyncio.to_thread(_run, told)
        found = json.loads(answer)
    except (subprocess.SubprocessError, ValueError) as error:
        raise UnreadableCalendar("it takes too much to work out its events") from error
    if "error" in found:
        raise UnreadableCalendar(found["error"])
    instant = datetime.fromisoformat
    times = (Busy(uid, Span(instant(start), instant(end))) for uid, start, end in found["times"])
    return BusyTimes(tuple(times), found["unreadable"])


def _run(told: bytes) -> bytes:
    return subprocess.run(
        [sys.executable, "-m", "mailflow.appointments.itip"],
        input=told,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=EXPANDING,
        check=True,
    ).stdout


def _expect(answer: Answer, status: int) -> None:
    if answer.status != status:
        raise UnreadableCalendar(f"its server answers {answer.status}")


def _mark(found: list[Resource]) -> str:
    """The collection's state: CTag, or sync-token (RFC 6578)."""
    collection = next(iter(found), Resource())
    if not collection.has(CALDAV, "calendar"):
        raise UnreadableCalendar("it is no CalDAV calendar: write the address of the one calendar")
    state = collection.get(SERVER, "getctag") or collection.get(DAV, "sync-token")
    return f"ctag {state}" if state else ""
