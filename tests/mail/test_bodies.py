from email import message_from_bytes

import pytest

from mailflow.mail.bodies import MAX_CALENDAR_OCTETS, MAX_TEXT, Attachment, Body, read_body

PLAIN = "Content-Type: text/plain\n\n{}"
HTML = "Content-Type: text/html\n\n{}"
REPLY = "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR"
CALENDAR = "Content-Type: text/calendar; method=REPLY\n\n" + REPLY


def multipart(subtype: str, *parts: str, extra: str = "") -> str:
    boundary = f"={subtype}{len(parts)}{len(''.join(parts))}="
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\n{extra}\n'
    return head + "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"


def body(source: str | bytes) -> Body:
    raw = source.encode() if isinstance(source, str) else source
    return read_body(message_from_bytes(raw))


def names(found: Body) -> list[str]:
    return [attachment.name for attachment in found.attachments]


ALTERNATIVE = multipart("alternative", PLAIN.format("plain"), HTML.format("<b>rich</b>"))
ATTACHED_TEXT = "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nno"
NAMED_TEXT = "Content-Type: text/plain\nContent-Disposition: inline; filename=a.txt\n\nno"
FORWARDED = "Content-Type: message/rfc822\n\nSubject: other\n\nno"
STATUS = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nAction: failed\n"


@pytest.mark.parametrize(
    ("source", "text", "html"),
    [
        pytest.param(PLAIN.format("a\nb\n"), "a\nb", None, id="plain"),
        pytest.param("\nno header", "no header", None, id="no header"),
        pytest.param(HTML.format("a<br>b"), "a\nb", "a<br>b", id="HTML alone"),
        pytest.param(ALTERNATIVE, "plain", "<b>rich</b>", id="alternative"),
        pytest.param(
            multipart("alternative", PLAIN.format(" "), HTML.format("rich")),
            "rich",
            "rich",
            id="alternative with an empty plain part",
        ),
        pytest.param(
            multipart("alternative", PLAIN.format("p"), multipart("related", HTML.format("h"))),
            "p",
            "h",
            id="HTML with its images",
        ),
        pytest.param(
            multipart("mixed", ALTERNATIVE, PLAIN.format("footer")),
            "plain\nfooter",
            "<b>rich</b>",
            id="footer of a list",
        ),
        pytest.param(
            multipart("mixed", HTML.format("rich"), PLAIN.format("footer")),
            "rich\nfooter",
            "rich",
            id="footer of a list below HTML",
        ),
        pytest.param(
            multipart("mixed", PLAIN.format("a"), ATTACHED_TEXT), "a", None, id="attached"
        ),
        pytest.param(multipart("mixed", PLAIN.format("a"), NAMED_TEXT), "a", None, id="named"),
        pytest.param(multipart("mixed", PLAIN.format("a"), FORWARDED), "a", None, id="forwarded"),
        pytest.param(multipart("report", PLAIN.format("a"), STATUS), "a", None, id="report"),
        pytest.param(
            multipart(
                "mixed",
                PLAIN.format("a"),
                multipart("mixed", PLAIN.format("no"), extra="Content-Disposition: attachment\n"),
            ),
            "a",
            None,
            id="attached multipart",
        ),
        pytest.param(
            multipart("alternative", PLAIN.format("a"), CALENDAR), "a", None, id="calendar answer"
        ),
        pytest.param("Content-Type: multipart/mixed\n\nlost", "lost", None, id="no boundary"),
        pytest.param("Content-Type: nonsense\n\na", "a", None, id="no type"),
        pytest.param("Content-Type: image/png\n\na", "", None, id="no text"),
    ],
)
def test_text(source: str, text: str, html: str | None) -> None:
    found = body(source)
    assert (found.text, found.html) == (text, html)


@pytest.mark.parametrize(
    ("head", "octets", "text"),
    [
        ("charset=utf-8", "ü€".encode(), "ü€"),
        ("charset=iso-8859-1", b"\xfc\x80", "ü€"),
        ("charset=us-ascii", "ü".encode(), "ü"),
        ("charset=us-ascii", b"\xfc", "ü"),
        ("charset=utf-8", b"a\xfcb", "a\ufffdb"),
        ("charset=utf-7", b"+ADw-", "+ADw-"),
        ("charset=rot13", b"uryyb", "uryyb"),
        ("charset=idna", b"xn--a", "xn--a"),
        ("charset=x\0y", b"a\0b\x1bc", "a\ufffdbc"),
        ("charset=gb2312", "镕".encode("gbk"), "镕"),
        ("charset=utf-8; format=flowed", b"a \r\nb\r\n> c \r\n> d", "a b\n> c d"),
        ("charset=utf-8; Format=Flowed; DelSp=Yes", b"a \r\nb", "ab"),
    ],
)
def test_letters(head: str, octets: bytes, text: str) -> None:
    assert body(f"Content-Type: text/plain; {head}\r\n\r\n".encode() + octets).text == text


def test_flowed_is_told() -> None:
    assert body("Content-Type: text/plain; format=flowed\n\na").flowed
    assert not body(PLAIN.format("a")).flowed


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode", "nonsense"])
def test_broken_encodings_are_read(encoding: str) -> None:
    assert body(f"Content-Transfer-Encoding: {encoding}\n\n=Z!\u00fc ~~~").text


def test_text_is_capped() -> None:
    assert len(body(PLAIN.format("x" * (MAX_TEXT + 9))).text) == MAX_TEXT


def test_attachments() -> None:
    image = "Content-Type: image/png\nContent-ID: <1>\nContent-Transfer-Encoding: base64\n\nQUJD\n"
    found = body(multipart("mixed", PLAIN.format("a"), image, FORWARDED, ATTACHED_TEXT))
    assert found.attachments == (
        Attachment("attachment", "image/png", 3, inline=True),
        Attachment("message.eml", "message/rfc822", 2, inline=False),
        Attachment("a.txt", "text/plain", 2, inline=False),
    )


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ('filename="report.pdf"', "report.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        (r'filename="C:\\\\temp\\\\x.doc"', "x.doc"),
        ('filename="/"', "attachment"),
        ('filename="..."', "attachment"),
        ('filename="a\0b\x1b.txt"', "ab.txt"),
        ('filename="=?utf-8?q?=C3=BC=2Epdf?="', "ü.pdf"),
        ("filename*=utf-8''%C3%BC%E2%80%AE.pdf", "ü.pdf"),
        ('filename="a<b>:|?*.txt"', "a_b_____.txt"),
        ('filename="' + "x" * 300 + '.pdf"', "x" * 116 + ".pdf"),
        ('filename="x.' + "y" * 300 + '"', "." + "y" * 119),
        ("", "attachment"),
    ],
)
def test_names(parameter: str, name: str) -> None:
    source = f"Content-Type: application/pdf\nContent-Disposition: attachment; {parameter}\n\nx"
    assert names(body(source)) == [name]


ICS = "Content-Type: application/ics; name=invite.ics\nContent-Disposition: attachment\n\n" + REPLY
OCTETS = (
    "Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=A.ICS\n\n"
    + REPLY
)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        pytest.param(CALENDAR, 1, id="alone"),
        pytest.param(CALENDAR.replace("; method=REPLY", ""), 1, id="no method"),
        pytest.param(multipart("alternative", PLAIN.format("a"), CALENDAR), 1, id="alternative"),
        pytest.param(multipart("mixed", PLAIN.format("a"), ICS), 1, id="attached"),
        pytest.param(multipart("mixed", PLAIN.format("a"), OCTETS), 1, id="by its name"),
        pytest.param(
            multipart("mixed", multipart("alternative", PLAIN.format("a"), CALENDAR), ICS),
            1,
            id="the same one twice",
        ),
        pytest.param(
            multipart("mixed", CALENDAR, CALENDAR.replace("REPLY\n", "COUNTER\n")), 2, id="two"
        ),
        pytest.param(
            multipart("mixed", "Content-Type: message/rfc822\n\n" + CALENDAR), 0, id="forwarded"
        ),
        pytest.param(CALENDAR + "x" * MAX_CALENDAR_OCTETS, 0, id="too large"),
        pytest.param(PLAIN.format(REPLY), 0, id="as text"),
    ],
)
def test_calendars(source: str, count: int) -> None:
    found = body(source).calendars
    assert len(found) == count
    assert all(calendar.startswith(b"BEGIN:VCALENDAR") for calendar in found)


def test_calendars_are_utf_8() -> None:
    source = b"Content-Type: text/calendar; charset=iso-8859-1\n\nSUMMARY:\xfc"
    assert body(source).calendars == ("SUMMARY:ü".encode(),)
