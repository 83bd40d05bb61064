"""A booking put into a CalDAV collection, replaced there, or taken out (RFC 4791 section 5.3.2)."""

from urllib.parse import quote, urljoin, urlsplit
from xml.sax.saxutils import escape

from mailflow.doors.calendars.exchange import Server
from mailflow.doors.calendars.multistatus import DAV, read_multistatus
from mailflow.errors import UnreadableCalendar

MULTISTATUS, NOT_FOUND, GONE = 207, 404, 410
DONE = {200, 201, 204}

_XML = {"content-type": "application/xml; charset=utf-8", "depth": "1"}
_BY_UID = (
    '<?xml version="1.0"?><C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR">'
    '<C:comp-filter name="VEVENT"><C:prop-filter name="UID">'
    '<C:text-match collation="i;octet">{}</C:text-match>'
    "</C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
)


async def put(server: Server, uid: str, content: bytes) -> None:
    """Have an event there as `content` says, whoever wrote it first. Raises `UnreadableCalendar`."""
    # The host's own program may have put the invite there, under a name of its choice: two events
    # of one UID are refused.
    found = await _find(server, uid)
    headers = {"content-type": "text/calendar; charset=utf-8"}
    if found is None:
        headers["if-none-match"] = "*"
        found = urljoin(_folder(server), quote(uid, safe="@") + ".ics")
    answer = await server.ask("PUT", found, headers, content)
    if answer.status not in DONE:
        raise UnreadableCalendar(f"its server answers {answer.status} to a booking")


async def remove(server: Server, uid: str) -> None:
    """Have no such event there. Raises `UnreadableCalendar`."""
    found = await _find(server, uid)
    if found is None:
        return
    # All have been told by us already (RFC 6638 section 8.1).
    answer = await server.ask("DELETE", found, {"schedule-reply": "F"})
    if answer.status not in DONE | {NOT_FOUND, GONE}:
        raise UnreadableCalendar(f"its server answers {answer.status} to a cancellation")


async def _find(server: Server, uid: str) -> str | None:
    """The address of the event of that UID."""
    query = _BY_UID.format(escape(uid)).encode()
    answer = await server.ask("REPORT", server.url, _XML, query)
    if answer.status != MULTISTATUS:
        raise UnreadableCalendar(f"its server answers {answer.status}")
    folder = _folder(server)
    hrefs = (one.get(DAV, "href") for one in read_multistatus(answer.body))
    found = (urljoin(folder, href) for href in hrefs)
    # Whatever it says, nothing outside this collection is written to.
    return next((url for url in found if url.startswith(folder) and url != folder), None)


def _folder(server: Server) -> str:
    parts = urlsplit(server.url)
    return parts._replace(path=parts.path.rstrip("/") + "/", query="", fragment="").geturl()
