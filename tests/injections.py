"""A whole story told with a stranger's words in every field: what leaves the house has the same shape as ever.

`python -O -m tests.injections` tells it with the worst of them, without a single assertion.
"""

import base64
import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from icalendar import Calendar

from mailflow.appointments.itip.reading import content_lines, name_of
from mailflow.appointments.pages import public
from mailflow.appointments.pages.asked import Asked
from tests.flow import Flow, Sent, to

EVIL = (
    "x\r\nBcc: evil@x.test",
    "x\nBcc: evil@x.test\n\nbody",
    "x\r\n.\r\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<all@x.test>\r\nDATA\r\n",
    "=?utf-8?q?x=0D=0ABcc:_evil=40x.test?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3D0ABcc=3A=5Fevil=3F=3D?=",
    '"x" <evil@x.test>, ',
    "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nATTENDEE:mailto:evil@x.test",
    "x;CN=y:mailto:evil@x.test",
    "x\\n\\;\\,\x85\u2028\u2029\x0b\x0c\x1cATTACH:http://x.test",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)' x=\"",
    "</title></style></textarea><!-- <![CDATA[",
    "{{7*7}}{% for i in range(10**9) %}x{% endfor %}{# x #}",
    "${7*7}<%= 7*7 %>%(name)s{0}{name!r}",
    "\x1b[31m\x00\x07\x9b\u202e\u2066\ufeff\udcff\ud800",
    "\U000e0041\u0300" * 50,
    "/offer coaching",
    "-- ",
    "x" * 5_000,
)


class _Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # A text of several lines has a break for each: `line_breaks` writes nothing else.
        if tag != "br":
            self.found.append(" ".join([tag, *(name for name, _ in attrs)]))


def told(flow: Flow, evil: str) -> list[Sent]:
    """Everything that goes out when Joe asks, gets an offer and books, with `evil` in all that he says."""
    asked = flow.hand_in(_first_mail(evil), ["dana@flow.test"], "joe@client.test")
    offers = flow.reply("dana@coach.test", to(asked, "dana@coach.test"), "Yes.\n/offer coaching")
    offer = to(offers, "joe@client.test")
    picked = flow.hand_in(_answer(evil, "joe@client.test", offer, "1"), [offer.address])
    stranger = flow.hand_in(_answer(evil, "eve@x.test", offer, "Hi"), [offer.address])
    return [*asked, *offers, *picked, *stranger, *_public_booking(flow, evil)]


def shape(sent: Sequence[Sent]) -> list[tuple[str, ...]]:
    """For each mail: who gets it, its header fields, its parts, their HTML's tags and their calendar's properties."""
    return [(copy.recipient, *copy.message.keys(), *_parts(copy)) for copy in sent]


def _parts(copy: Sent) -> list[str]:
    found = []
    for part in copy.message.walk():
        found.append(part.get_content_type())
        content = part.get_payload(decode=True)
        if part.get_content_type() == "text/html" and copy["Mailflow-Kind"] != "relay":
            found += _Tags(content.decode() if isinstance(content, bytes) else "").found
        if part.get_content_type() in ("text/calendar", "application/ics"):
            octets = content if isinstance(content, bytes) else b""
            found += [name_of(line).decode() for line in content_lines(octets)]
            found.append(str(len(Calendar.from_ical(octets).walk())))
    return found


def _word(evil: str) -> str:
    """One encoded word, whatever is in it: no mail library would write it."""
    return f"=?utf-8?b?{base64.b64encode(evil.encode('utf-8', 'replace')).decode()}?="


def _answer(evil: str, author: str, offer: Sent, text: str) -> bytes:
    return (
        f"From: {_word(evil)} <{author}>\r\nTo: {offer.address}\r\nSubject: {_word(evil)}\r\n"
        f"In-Reply-To: {offer['Message-ID']}\r\n\r\n{text}\r\n"
    ).encode()


def _first_mail(evil: str) -> bytes:
    """By hand, as no mail library would: raw octets in every field."""
    raw = re.sub(rb"\s+", b" ", evil.encode("utf-8", "surrogatepass")).replace(b"\0", b"")
    fields = (
        b"From: %s <joe@client.test>" % _word(evil).encode(),
        b"To: dana@flow.test, %s <ann@friend.test>" % _word(evil).encode(),
        b"Subject: " + raw[:900],
        b"Message-ID: <x%s@client.test>" % raw[:200].replace(b">", b""),
        b"References: <x" + raw[:200] + b"> <a@client.test>",
        b"Thread-Topic: " + raw[:900],
        b"Mailflow-Instance: " + raw[:200],
        b'Content-Type: multipart/mixed; boundary="b"',
    )
    name = raw[:300].replace(b'"', b"'").replace(b"\\", b"/")
    body = (
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello " + raw + b"\r\n"
        b'--b\r\nContent-Disposition: attachment; filename="' + name + b'"\r\n\r\nfile\r\n--b--\r\n'
    )
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def _public_booking(flow: Flow, evil: str) -> list[Sent]:
    """What a visitor types into a public page; the answer is as long as it likes."""
    start = flow.now + timedelta(days=1)
    form = {"name": f"Joe {evil[:60]}", "email": "eve@x.test", "question-1": f"x{evil}"}
    asked = Asked({**form, "start": start.isoformat(), "zone": evil})
    flow.run(public.book, asked, "dana", "quick")
    return flow.sent()


def differences(examples: Sequence[str]) -> list[str]:
    """The examples with which anything that goes out has another shape than with a plain word."""
    plain = _shape_of("word")
    return [evil for evil in examples if _shape_of(evil) != plain]


def _shape_of(evil: str) -> list[tuple[str, ...]]:
    with TemporaryDirectory() as folder:
        flow = Flow(Path(folder))
        try:
            return shape(told(flow, evil))
        finally:
            flow.close()


if __name__ == "__main__":
    found = differences(EVIL)
    sys.exit("\n".join(map(ascii, found)) or None)
