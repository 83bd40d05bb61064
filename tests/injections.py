"""A whole story told with a stranger's words in every field: what leaves the house has the same shape as ever.

`python -O -m tests.injections N` tells it with each N-th of the worst of them, without a single assertion.
"""

import asyncio
import base64
import io
import json
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from icalendar import Calendar

from mailflow.appointments.itip.reading import content_lines, name_of
from mailflow.appointments.pages import public
from mailflow.appointments.pages.asked import Asked
from mailflow.errors import MailflowError
from mailflow.journal import open_journal
from mailflow.mail.outgoing import Outcome
from tests.flow import Flow, Sent, to
from tests.recorder import delivered

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


Shape = list[tuple[str, ...]]


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
    """Everything that goes out when Joe asks, gets an offer, books and wants another time.

    `evil` is in all that he says, and in what a stranger and a visitor say.
    """
    asked = flow.hand_in(first_mail(evil), ["dana@flow.test"], "joe@client.test")
    offers = flow.reply("dana@coach.test", to(asked, "dana@coach.test"), "Yes.\n/offer coaching")
    offer = to(offers, "joe@client.test")
    picked = flow.hand_in(_answer(evil, "joe@client.test", offer, "1"), [offer.address])
    counter = _counter(evil, to(picked, "joe@client.test"))
    proposed = flow.hand_in(counter, [offer.address])
    stranger = flow.hand_in(_answer(evil, "eve@x.test", offer, "Hi"), [offer.address])
    return [*asked, *offers, *picked, *proposed, *stranger, *_public_booking(flow, evil)]


def shape(sent: Sequence[Sent]) -> Shape:
    """For each mail: who gets it, its header fields, its parts with theirs, their HTML's tags and their calendar's
    properties."""
    return [(copy.recipient, *_parts(copy)) for copy in sent]


def commands(sent: Sequence[Sent]) -> Shape:
    """What a smarthost hears of these mails, but for what is each one's own; the contents must be what was made."""
    peer, results = asyncio.run(delivered(sent, b"SIZE", b"8BITMIME"))
    if peer.contents != [copy.raw for copy in sent]:
        return [("other contents",)]
    heard = (_OWN.sub("", line.decode("latin-1")) for line in peer.commands)
    return [(*heard, *(one.outcome for one in results if one.outcome is not Outcome.SENT))]


_OWN = re.compile(r"(?<=bounce)\+\w+(?=@)| SIZE=\d+| BODY=8BITMIME")


def journal(written: str) -> Shape:
    """The names of each event and of its facts."""
    return [(line["event"], *sorted(line)) for line in map(json.loads, written.splitlines())]


def _parts(copy: Sent) -> list[str]:
    found = []
    for part in copy.message.walk():
        found += [part.get_content_type(), *part.keys()]
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
        f"In-Reply-To: {offer['Message-ID']}\r\n"
    ).encode() + b"References: <x%s@x> %s\r\n\r\n%s\r\n" % (
        re.sub(rb"[<>]", b"", flat(evil)[:200]),
        offer["Message-ID"].encode(),
        text.encode(),
    )


def _counter(evil: str, invited: Sent) -> bytes:
    """Joe's calendar proposes a Sunday: the host is asked."""
    invite = next(
        part.get_content() for part in invited.message.walk() if part.get_filename() == "invite.ics"
    )
    uid = re.search(r"^UID:(\S+)", invite if isinstance(invite, str) else invite.decode(), re.M)
    text = b"\\n".join(evil.encode("utf-8", "surrogatepass").splitlines())
    text = re.sub(rb"[\x00-\x1f\x7f]", b"", text)  # with those it is no calendar
    name = text[:200].replace(b'"', b"'")
    lines = (
        b"BEGIN:VCALENDAR",
        b"VERSION:2.0",
        b"METHOD:COUNTER",
        b"BEGIN:VEVENT",
        b"UID:" + (uid[1].encode() if uid else b""),
        b'ORGANIZER;CN="%s":mailto:%s' % (name, invited.address.encode()),
        b'ATTENDEE;CN="%s";PARTSTAT=TENTATIVE:mailto:joe@client.test' % name,
        b"SEQUENCE:0",
        b"DTSTAMP:20261123T100000Z",
        b"DTSTART:20261129T100000Z",
        b"DTEND:20261129T105000Z",
        b"SUMMARY:" + text,
        b"LOCATION:" + text,
        b"COMMENT:" + text,
        b"END:VEVENT",
        b"END:VCALENDAR",
    )
    fields = _answer(evil, "joe@client.test", invited, "").rstrip(b"\r\n")
    kind = b"\r\nContent-Type: text/calendar; charset=utf-8; method=COUNTER\r\n\r\n"
    return fields + kind + b"\r\n".join(lines) + b"\r\n"


def flat(evil: str) -> bytes:
    """In one line, as octets of one field may be."""
    return re.sub(rb"\s+", b" ", evil.encode("utf-8", "surrogatepass")).replace(b"\0", b"")


def first_mail(evil: str) -> bytes:
    """By hand, as no mail library would: raw octets in every field."""
    raw = flat(evil)
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
    coded = quote(evil[:100].encode("utf-8", "replace")).encode()
    body = (
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello " + raw + b"\r\n"
        b'--b\r\nContent-Disposition: attachment; filename="' + name + b'"\r\n\r\nfile\r\n'
        b"--b\r\nContent-Disposition: attachment; filename*=utf-8''%s\r\n"
        % coded
        + b'Content-Type: text/csv; name="%s"\r\n\r\nfile\r\n--b--\r\n' % _word(evil[:60]).encode()
    )
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def _public_booking(flow: Flow, evil: str) -> list[Sent]:
    """What a visitor types into a public page; the answer is as long as it likes, and a visitor may have no browser."""
    start = flow.now + timedelta(days=1)
    form = {"name": f"Joe {evil[:60]}", "email": "eve@x.test", "question-1": f"x{evil}"}
    for field in ("start", "email"):
        with suppress(MailflowError):
            asked = Asked({"start": start.isoformat(), **form, field: f"x{evil}"})
            flow.run(public.book, asked, "dana", "quick")
    form = {**form, "language": evil, f"x{evil}": evil}
    asked = Asked({**form, "start": start.isoformat(), "zone": evil})
    flow.run(public.book, asked, "dana", "quick")
    return flow.sent()


def differences(examples: Sequence[str]) -> list[str]:
    """The examples with which anything that goes out, or is written down, has another shape than with a plain word."""
    return [evil for evil in examples if _shapes(evil) != _plain()]


@cache
def _plain() -> tuple[Shape, ...]:
    return _shapes("word")


def _shapes(evil: str) -> tuple[Shape, ...]:
    written = io.StringIO()
    with TemporaryDirectory() as folder:
        flow = Flow(Path(folder))
        open_journal(written, lambda: flow.now)
        try:
            sent = told(flow, evil)
        finally:
            flow.close()
    return shape(sent), commands(sent), journal(written.getvalue())


if __name__ == "__main__":
    found = differences(EVIL[:: int(sys.argv[1])])
    sys.exit("\n".join(map(ascii, found)) or None)
