"""Mails that were made to hurt whoever reads them, each with a name; nothing in them is somebody's."""

import base64
import io
import zipfile
from collections.abc import Iterator

Corpus = dict[str, bytes]

HEAD = b"From: Joe <joe@client.test>\r\nTo: dana@flow.test\r\n"
PLAIN = b"Subject: Hello\r\n\r\nHello\r\n"
EVIL_CHARSETS = (
    *("utf-7", "idna", "punycode", "rot13", "unicode_escape", "raw_unicode_escape", "undefined"),
    *(
        "zip",
        "bz2",
        "hex",
        "base64",
        "mbcs",
        "utf-16",
        "utf-32",
        "cp65001",
        "\0",
        "../../etc/passwd",
    ),
    *("x" * 3_000, "iso-2022-jp-2004", "hz", "big5hkscs", "utf_8_sig", "none", ""),
)
EVIL_NAMES = (
    *("../../etc/passwd", "/etc/passwd", "C:\\windows\\system32\\con", "CON", "NUL.txt", ".", ".."),
    *(
        "a" * 300,
        "a\0b.txt",
        "a\r\nBcc: evil@x.test",
        "\u202etxt.exe",
        "\u200b\u200c\u200d",
        "-rf *",
    ),
    *("~/.ssh/authorized_keys", "x.ics/../y", "|cat", "`id`", "$(id)", "%00%2e%2e%2f", "\x1b[31m"),
)
EVIL_DATES = (
    *("Mon, 2 Mar 99999 12:00:00 +0000", "Mon, 2 Mar 2026 12:00:00 +9999", "0", "-1", "9" * 5_000),
    *(
        "Mon, 32 Foo 2026 25:61:61 +0000",
        "Thu, 1 Jan 1970 00:00:00 -2400",
        "1e400",
        "nan",
        ":" * 9_000,
    ),
    "Mon, 2 Mar 2026 12:00:00 " + "(" * 5_000,
)


def hostile_mails() -> Corpus:
    """All of them: each has an id of its own, `N@hostile.test`."""
    made = dict(_all())
    return {
        name: b"Message-ID: <%d@hostile.test>\r\n" % number + raw
        for number, (name, raw) in enumerate(made.items())
    }


def _all() -> Iterator[tuple[str, bytes]]:
    yield from _shapes()
    yield from _headers()
    yield from _texts()
    yield from _attachments()


def _shapes() -> Iterator[tuple[str, bytes]]:
    """Parts in parts, many parts, parts without an end."""
    for depth in (49, 90, 5_000):
        yield f"{depth} levels", HEAD + nested(depth)
        yield f"{depth} attached mails", HEAD + _MESSAGE * depth + PLAIN
    for number in (499, 1_500, 100_000):
        yield f"{number} parts", HEAD + parts([b"\r\nhi"] * number)
    yield "30,000 attachments", HEAD + parts([_file("a.txt", b"x")] * 30_000)
    yield "no end", HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello"
    yield "no begin", HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\nhello\r\n--b--\r\n"
    yield "no boundary", HEAD + b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nhello\r\n"
    yield "long boundary", HEAD + b"Content-Type: multipart/mixed; boundary=" + b"b" * 4_000 + PLAIN
    yield "boundary in boundary", HEAD + parts([b"\r\n--b-\r\n--bb\r\n--b --\r\n"] * 300)
    yield "500 marks of boundaries", HEAD + parts([b""] * 400) + b"--" * 500_000
    yield "partial", HEAD + b'Content-Type: message/partial; id="x"; number=1\r\n\r\nhi\r\n'
    yield (
        "external",
        HEAD + b"Content-Type: message/external-body; access-type=local-file\r\n\r\nhi\r\n",
    )
    yield "nothing", b""
    yield "no header", b"\r\nhello\r\n"
    yield "no body", HEAD
    yield "only line ends", HEAD + b"\r\n" * 500_000


def _headers() -> Iterator[tuple[str, bytes]]:
    """Fields by number, by length, and such as readers take quadratic time for."""
    yield "1,000,000 fields", HEAD + b"X: y\r\n" * 1_000_000 + PLAIN
    yield "header of 10 MB", HEAD + b"X: " + b"y" * 10_000_000 + b"\r\n" + PLAIN
    yield "10 MB in folds", HEAD + b"X: " + b"\r\n y" * 3_000_000 + b"\r\n" + PLAIN
    for name in (
        "Subject",
        "From",
        "Cc",
        "References",
        "In-Reply-To",
        "Date",
        "Content-Type",
        "Received",
    ):
        for piece in (
            "=?utf-8?q?x?= ",
            "=?utf-8?b?/w==?=",
            "=?",
            ";",
            "(",
            "<a@b>",
            "a:b;",
            '"',
            "\\",
            ",",
            "@",
        ):
            value = (piece * 100_000)[:120_000]
            yield f"{piece} in {name}", HEAD + f"{name}: {value}\r\n".encode() + PLAIN
    for number in ("9" * 5_000, "-1", "1" * 200, "0x1"):
        kind = f"Content-Type: text/plain; name*{number[:3_000]}*=x; name*0*=y\r\n".encode()
        yield f"part {number[:9]} of a name", HEAD + kind + PLAIN
    indexes = "".join(f"; n*{n}=x" for n in range(350)).encode()
    yield "350 parts of a name", HEAD + b"Content-Type: text/plain" + indexes + b"\r\n" + PLAIN
    for index, date in enumerate(EVIL_DATES):
        yield f"date {index}", HEAD + f"Date: {date}\r\n".encode() + PLAIN
    yield "1,000 authors", b"From: " + b"a@b.test, " * 1_000 + b"\r\nTo: dana@flow.test\r\n" + PLAIN
    yield "20,000 in Cc", HEAD + b"Cc: " + b"a@b.test," * 20_000 + b"\r\n" + PLAIN
    yield (
        "odd fields",
        HEAD + b": x\r\n\xff\xfe: y\r\nBcc\x00: z\r\n =?x?q?y?=\r\nFrom \r\n" + PLAIN,
    )
    yield "two of each", HEAD * 2 + b"Subject: a\r\nDate: x\r\nDate: y\r\n" + PLAIN
    yield "ids", HEAD + b"References: " + b"<%s@x> " * 5_000 + b"\r\n" + PLAIN


def _texts() -> Iterator[tuple[str, bytes]]:
    """Charsets, encodings, control characters, HTML and quotes made to be slow."""
    for number, charset in enumerate(EVIL_CHARSETS):
        kind = f'Content-Type: text/plain; charset="{charset}"\r\n'.encode()
        yield (
            f"charset {number}",
            HEAD
            + kind
            + b"Subject: =?%s?b?/v8=?=\r\n" % (charset.encode()[:60])
            + b"\r\n+ADw-script+AD4- \xff\xfe\x1b$B\x80\r\n",
        )
    for encoding in (
        b"base64",
        b"quoted-printable",
        b"x-uuencode",
        b"uuencode",
        b"rot13",
        b"8bit",
        b"binary",
    ):
        for number, coded in enumerate(
            (b"====", b"=" * 100_000, b"begin 666 ../x\r\n\xff" + b"M" * 60_000, b"\xff" * 9_000)
        ):
            kind = b"Content-Transfer-Encoding: " + encoding + b"\r\n"
            yield f"{encoding.decode()} {number}", HEAD + kind + b"\r\n" + coded + b"\r\n"
    controls = bytes(range(1, 32)).replace(b"\r", b"").replace(b"\n", b"")
    yield "controls", HEAD + b"Subject: a" + controls + b"\r\n\r\n" + controls * 1_000 + b"\r\n"
    hidden = "\u202e\u2066\u200b\ufeff\U000e0041\ud7ff\u0300"
    yield "hidden letters", HEAD + f"Subject: {hidden}\r\n\r\n{hidden * 9_000}\r\n".encode()
    yield "combining marks", HEAD + b"\r\n" + "a\u0300\u0327".encode() * 150_000 + b"\r\n"
    for name, html in (
        ("tables", "<table><tr><td>" * 60_000),
        ("open tags", "<" * 400_000),
        ("attributes", "<a " + "x=y " * 100_000),
        ("comments", "<!--" * 100_000),
        ("entities", "&#x41;&amp;&lt" * 40_000),
        ("quotes", "<blockquote>" * 60_000),
        ("scripts", "<script>" * 60_000),
    ):
        kind = b"Content-Type: text/html; charset=utf-8\r\n"
        yield f"HTML of {name}", HEAD + kind + b"\r\n" + html.encode() + b"\r\n"
    for name, text in (
        ("blanks", " " * 1_000_000),
        ("marks", ">" * 1_000_000),
        ("marked lines", "> > > x\r\n" * 100_000),
        ("attributions", "On Mon, Ann wrote:\r\n" * 50_000),
        ("rules", "-" * 70 + "\r\n" + "From: a\r\n" * 50_000),
        ("commands", "/offer coaching\r\n" * 50_000),
    ):
        yield f"text of {name}", HEAD + b"\r\n" + text.encode() + b"\r\n"
    flowed = b"Content-Type: text/plain; format=flowed; delsp=yes\r\n"
    yield "flowed", HEAD + flowed + b"\r\n" + b"x \r\n" * 200_000


def _attachments() -> Iterator[tuple[str, bytes]]:
    for number, name in enumerate(EVIL_NAMES):
        yield f"file name {number}", HEAD + parts([_file(name, b"hello")])
        wanted = "".join(f"%{octet:02x}" for octet in name.encode())
        field = f"Content-Disposition: attachment; filename*=utf-8''{wanted}".encode()
        yield f"encoded file name {number}", HEAD + parts([field + b"\r\n\r\nhello"])
    yield "bomb", HEAD + parts([_file("42.zip", _bomb())])
    yield "winmail.dat", HEAD + parts([_file("winmail.dat", b"\x78\x9f\x3e\x22" + b"\xff" * 5_000)])
    tnef = b"Content-Type: application/ms-tnef\r\n\r\n\x78\x9f\x3e\x22\x00\x00"
    yield "TNEF", HEAD + parts([tnef])
    svg = (
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg onload="alert(1)">&b;</svg>'
    )
    yield "SVG", HEAD + parts([b"Content-Type: image/svg+xml\r\n\r\n" + svg])
    for name, calendar in _calendars():
        kind = b"Content-Type: text/calendar; method=REPLY\r\n\r\n"
        yield f"calendar of {name}", HEAD + parts([kind + calendar])
    report = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    status = (
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * 20_000
    )
    yield "report of 20,000", HEAD + report + status + b"--b--\r\n"


def _calendars() -> Iterator[tuple[str, bytes]]:
    event = b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:x@flow.test\r\n"
    yield "begins", b"BEGIN:VCALENDAR\r\n" * 14_000
    yield "attendees", event + b"ATTENDEE;PARTSTAT=DECLINED:mailto:joe@client.test\r\n" * 4_500
    yield "parameters", event + b"ATTENDEE" + b";X=y" * 60_000 + b":mailto:joe@client.test\r\n"
    yield "folds", event + b"SUMMARY:" + b"\r\n x" * 60_000
    yield "dates", event + b"DTSTART:99999999T999999Z\r\nRRULE:FREQ=SECONDLY;COUNT=999999999\r\n"
    yield "nothing", b""


_MESSAGE = b"Content-Type: message/rfc822\r\n\r\n"


def nested(depth: int) -> bytes:
    """A text within so many multiparts."""
    levels = (
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )
    return b"".join(levels) + b"Content-Type: text/plain\r\n\r\nhi\r\n"


def parts(bodies: list[bytes]) -> bytes:
    """A multipart of these, each with its own header."""
    inner = b"".join(b"--b\r\n" + body + b"\r\n" for body in bodies)
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + inner + b"--b--\r\n"


def _file(name: str, content: bytes) -> bytes:
    header = f'Content-Disposition: attachment; filename="{name}"\r\n'.encode()
    coded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return header + b"Content-Transfer-Encoding: base64\r\n\r\n" + coded


def _bomb() -> bytes:
    """An archive that unpacks to a thousand times its size."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    return file.getvalue()
