"""What WebDAV servers answer, and what hostile ones could."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.doors.calendars.multistatus import CALDAV, DAV, SERVER, read_multistatus
from mailflow.errors import UnreadableCalendar

ANSWER = b"""<?xml version="1.0"?>
<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/">
<d:response><d:href>/dana/office/</d:href><d:propstat><d:prop>
<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><s:getctag>42</s:getctag>
</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
<d:response><d:href>/dana/office/1.ics</d:href><d:propstat><d:prop>
<c:calendar-data><![CDATA[BEGIN:VCALENDAR]]>
X-ALT-DESC:&lt;!DOCTYPE html&gt;</c:calendar-data></d:prop></d:propstat></d:response>
</d:multistatus>"""


def test_each_response_has_its_texts() -> None:
    collection, event = read_multistatus(ANSWER)
    assert collection.get(DAV, "href") == "/dana/office/"
    assert collection.has(CALDAV, "calendar")
    assert collection.get(SERVER, "getctag") == "42"
    assert not event.has(CALDAV, "calendar")
    data = "BEGIN:VCALENDAR\nX-ALT-DESC:<!DOCTYPE html>"
    assert event.get(CALDAV, "calendar-data") == data


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b"BEGIN:VCALENDAR",
        ANSWER[:-5],
        b'<!DOCTYPE m [<!ENTITY a "aaaa">]><m xmlns="DAV:">&a;</m>',
        b'<!DOCTYPE m SYSTEM "file:///etc/passwd"><multistatus xmlns="DAV:"/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE m><multistatus xmlns="DAV:"/>'.encode(
            "utf-16"
        ),
        b'<?xml version="1.0" encoding="unknown"?><multistatus xmlns="DAV:"/>',
        b'<multistatus xmlns="DAV:">' + b"<response>" * 100_000,
    ],
    ids=["empty", "page", "text", "cut off", "entity", "outside", "UTF-16", "encoding", "deep"],
)
def test_what_is_no_multistatus(body: bytes) -> None:
    with pytest.raises(UnreadableCalendar):
        read_multistatus(body)


@given(st.binary() | st.text(alphabet="<>/&;DAV:multisaresponse \"='").map(str.encode))
def test_anything_is_read_or_refused(body: bytes) -> None:
    with suppress(UnreadableCalendar):
        assert isinstance(read_multistatus(body), list)
