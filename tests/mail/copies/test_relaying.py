"""A copy: the author's octets, but for commands, personal links and the footer."""

import re
from collections.abc import Callable
from contextlib import suppress
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.errors import Unreadable
from mailflow.mail.copies.copied_header import carried_fields
from mailflow.mail.copies.relaying import relayed
from mailflow.mail.wire.header_fields import Mailbox
from mailflow.mail.wire.mime_encoding import with_crlf
from mailflow.mail.wire.mime_parts import entity
from mailflow.mail.wire.writing import check_wire, head

Golden = Callable[[str, bytes], None]

PICTURE = (
    b"Content-Type: image/png; name=p.png\r\nContent-ID: <p@client.test>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo="
)
REPLY = (
    b"Content-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n"
    b"END:VCALENDAR"
)
RICH = (
    b"Return-Path: <joe@client.test>\r\n"
    b"From: Joe <joe@client.test>\r\nTo: dana+k7xq@flow.example.com\r\n"
    b"Subject: Re: =?iso-8859-1?Q?Gespr=E4ch?=\r\nMessage-ID: <m1@client.test>\r\n"
    b"Content-Language: de\r\n"
    b"Content-Type: multipart/mixed;\r\n boundary=outer\r\nMIME-Version: 1.0\r\n\r\n"
    b"For readers without MIME.\r\n"
    b"--outer\r\nContent-Type: multipart/related; boundary=related\r\n\r\n"
    b"--related\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n"
    b"--inner\r\nContent-Type: text/plain; charset=iso-8859-1; format=flowed; delsp=yes\r\n"
    b"Content-Transfer-Encoding: 8bit\r\nX-Kept: yes\r\n\r\n"
    b"/note he is late\r\n\r\nSch\xf6n, bis \r\nMontag!\r\n\r\n> https://flow.example.com/s/secret\r\n"
    b"\r\n--inner\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b'<html><body><div>/note he is late</div><p>Sch=F6n, bis Montag!<img src=3D"cid:p@client.test">=\r\n'
    b'</p><blockquote><a href=3D"https://flow.example.com/s/secret">10:00</a></blockquote></body></html>\r\n'
    b"\r\n--inner--\r\n\r\n--related\r\n" + PICTURE + b"\r\n--related--\r\n"
    b"\r\n--outer\r\n" + REPLY + b"\r\n--outer--\r\n"
)
PLAIN = b"Subject: x\r\n\r\nHello\r\n"


def inert(text: str) -> str:
    return re.sub(r"/s/\w+", "/s/…", text)


def texts(body: bytes) -> list[str]:
    """The decoded plain and HTML texts, with `\\n` line ends."""
    parts = [p for p in message_from_bytes(body).walk() if p.get_content_maintype() == "text"]
    shown = [p for p in parts if p.get_content_subtype() in ("plain", "html")]
    return [_text(p.get_payload(decode=True), p.get_content_charset("utf-8")) for p in shown]


def _text(octets: object, charset: str) -> str:
    assert isinstance(octets, bytes)
    return octets.decode(charset).replace("\r\n", "\n")


def test_a_copy_of_a_rich_mail(golden: Golden) -> None:
    fields = [("From", Mailbox("Joe (via Dana)", "dana+k7xq@flow.example.com"))]
    body = relayed(RICH, cut=["/note he is late"], footer="Also here: Zoë & Max", inert=inert)
    golden("relay.eml", head([*fields, *carried_fields(RICH)]) + body)
    assert PICTURE in body
    assert REPLY in body
    assert b"secret" not in body
    assert texts(body) == [
        "Schön, bis \nMontag!\n\n> https://flow.example.com/s/…\n\nAlso here: Zoë & Max\n",
        '<html><body><div></div><p>Schön, bis Montag!<img src="cid:p@client.test"></p><blockquote>'
        '<a href="https://flow.example.com/s/…">10:00</a></blockquote>'
        '<p style="font-size:small;color:#666">Also here: Zoë &amp; Max</p>\n</body></html>\n',
    ]
    check_wire(body)


SEVEN_BITS = RICH.replace(b"Sch\xf6n", b"Gut")


@pytest.mark.parametrize("raw", [SEVEN_BITS, PLAIN, b"", b"\r\n", b"Content-Type: a/b\r\n\r\nx"])
def test_a_copy_without_changes_is_the_same_octets(raw: bytes) -> None:
    assert relayed(raw) == entity(raw)
    assert relayed(raw, cut=["/never"], inert=lambda text: text) == entity(raw)


@pytest.mark.parametrize(
    ("kind", "encoding"), [("text/csv", "quoted-printable"), ("application/pdf", "base64")]
)
def test_what_is_of_eight_bits_is_encoded(kind: str, encoding: str) -> None:
    content = b"Sch\xf6n\r\n.\r\nFrom me\r\n" * 9
    field = b"Content-Type: %s; charset=iso-8859-1\r\n" % kind.encode()
    for transfer in (b"", b"Content-Transfer-Encoding: 8bit\r\n"):
        copy = relayed(field + transfer + b"\r\n" + content)
        found = message_from_bytes(copy)
        assert copy.isascii()
        assert found["Content-Transfer-Encoding"] == encoding
        assert found.get_content_type() == kind
        assert found.get_payload(decode=True) == content


@given(st.binary(max_size=300))
def test_no_content_leaves_the_house_in_eight_bits(content: bytes) -> None:
    copy = relayed(b"Content-Type: application/octet-stream\r\n\r\n" + content)
    assert copy.isascii()
    assert message_from_bytes(copy).get_payload(decode=True) == with_crlf(content)


def test_a_signature_on_eight_bits_stays_good() -> None:
    raw = SIGNED.replace(b"s" * 999, b"\xf6" * 9)
    assert b"\xf6" in raw
    assert relayed(raw, footer="Footer") == entity(raw)


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"Subject: x\n\na\rb\nc", b"\r\na\r\nb\r\nc"),
        (
            b"Content-Type: text/x; charset=u\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            + b"a" * 999,
            None,
        ),
        (b"Content-Type: message/rfc822\r\n\r\n" + b"a" * 5_000, None),
        (b"Content-Type: a/b; c=" + b"d" * 5_000 + b"\r\n\r\nx", None),
        (b"Content-Type: multipart/mixed\r\n\r\n" + b"a" * 5_000, None),
        (b"Content-Transfer-Encoding: x-odd\r\n\r\n" + b"a" * 5_000, None),
    ],
    ids=["bare", "long line", "attached mail", "long field", "no boundary", "odd encoding"],
)
def test_what_the_wire_does_not_take_is_mended(raw: bytes, body: bytes | None) -> None:
    copy = relayed(raw)
    check_wire(copy)
    assert body is None or copy == body
    found = message_from_bytes(copy)
    assert found.get_content_type() == message_from_bytes(raw).get_content_type()


def test_a_long_line_is_encoded_anew() -> None:
    raw = b"Content-Type: text/x; charset=u\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + b"a" * 999
    found = message_from_bytes(relayed(raw))
    assert found["Content-Type"] == "text/x; charset=u"
    assert found.get_payload(decode=True) == b"a" * 999


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (PLAIN, ["Hello\n\nFooter\n"]),
        (b"Content-Type: text\r\n\r\nHello", ["Hello\n\nFooter\n"]),
        (b"Content-Type: text/plain; charset=utf-7\r\n\r\n+ADw-", ["+ADw-\n\nFooter\n"]),
        (
            b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+SGk8L3A+",
            ['<p>Hi</p><p style="font-size:small;color:#666">Footer</p>\n'],
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            b"--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nFile\r\n"
            b"--b\r\n\r\nHello\r\n--b\r\n\r\nList\r\n--b--\r\n",
            ["File", "Hello\n\nFooter\n", "List"],
        ),
    ],
    ids=["plain", "odd type", "utf-7", "html", "files"],
)
def test_the_footer_stands_in_the_message_alone(raw: bytes, expected: list[str]) -> None:
    body = relayed(raw, footer="Footer")
    assert texts(body) == expected
    assert message_from_bytes(body)["MIME-Version"] == "1.0"


def test_a_footer_cannot_end_its_part() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHello\r\n--b--\r\n"
    body = relayed(raw, footer="--b\nContent-Type: text/html\n\n<b>")
    assert texts(body) == ["Hello\n\n--b\nContent-Type: text/html\n\n<b>\n"]


def test_a_picture_alone_has_no_footer() -> None:
    raw = b"MIME-Version: 1.0\r\n" + PICTURE
    assert relayed(raw, footer="Footer") == raw


SIGNED = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n"
    b"--s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n/note x\r\nSee /s/secret\r\n"
    b"--s\r\nContent-Type: application/pgp-signature\r\n\r\n" + b"s" * 999 + b"\r\n--s--\r\n"
)
UNSIGNED = b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"


def test_what_is_signed_gets_no_footer() -> None:
    short = SIGNED.replace(b"s" * 999, b"s")
    assert relayed(short, footer="Footer") == short


@pytest.mark.parametrize(
    ("cut", "neutral", "text"),
    [
        (["/note x"], None, "See /s/secret"),
        ([], inert, "/note x\nSee /s/…"),
        (["/note x"], inert, "See /s/…"),
    ],
)
def test_what_is_private_goes_before_the_signature(
    cut: list[str], neutral: Callable[[str], str] | None, text: str
) -> None:
    body = relayed(SIGNED, cut=cut, inert=neutral)
    assert texts(body) == [text]
    assert body.startswith(UNSIGNED)
    assert b"signature" not in body
    assert texts(relayed(SIGNED, cut=cut, inert=neutral, footer="Footer")) == [
        f"{text}\n\nFooter\n"
    ]


def test_a_signature_within_others_goes_alone() -> None:
    inner = SIGNED.partition(b"\r\n")[2]
    raw = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n"
        b"--o\r\nContent-Type: multipart/signed; boundary=t\r\n\r\n--t\r\n" + inner + b"--t\r\n"
        b"Content-Type: application/pkcs7-signature\r\n\r\nt\r\n--t--\r\n"
        b"--o\r\n" + PICTURE + b"\r\n--o--\r\n"
    )
    body = relayed(raw, cut=["/note x"])
    found = [part.get_content_type() for part in message_from_bytes(body).walk()]
    assert found == ["multipart/mixed", "text/plain", "image/png"]
    assert PICTURE in body


def test_what_is_encrypted_is_never_touched() -> None:
    raw = SIGNED.replace(b"signed", b"encrypted").replace(b"s" * 999, b"s")
    assert relayed(raw, cut=["/note x"], footer="Footer", inert=inert) == raw


ALTERNATIVE = (
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n{plain}\r\n"
    "--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
)


def test_html_that_hides_a_command_gives_way_to_the_plain_text() -> None:
    raw = ALTERNATIVE.format(plain="/note a b\r\nHi <", html="<p>/note a <i>b</i> c</p>").encode()
    plain, html = texts(relayed(raw, cut=["/note a b"]))
    assert plain == "Hi <"
    assert html == '<div style="white-space:pre-wrap">Hi &lt;</div>\n'


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: text/html\r\n\r\n<p>/note <p>x",
        b"Content-Type: multipart/mixed\r\n\r\n/note x",
    ],
    ids=["html alone", "no boundary"],
)
def test_what_cannot_be_cut_is_not_passed_on(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        relayed(raw, cut=["/note x"])


lines = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"--a\r\n",
        b"--a--\r\n",
        b"--b\r\n",
        b"/who\r\n",
        b"<p>/who</p>",
        b"x" * 999,
        b"Content-Type: multipart/mixed; boundary=a\r\n",
        b"Content-Type: multipart/signed; boundary=b\r\n",
        b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Type: text/plain; format=flowed; name=\xff\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
    ]
)


@given(st.lists(lines | st.binary(max_size=20), max_size=30).map(b"".join), st.text(max_size=20))
def test_any_mail_has_a_copy_for_the_wire(raw: bytes, footer: str) -> None:
    check_wire(relayed(raw, footer=footer, inert=inert))
    with suppress(Unreadable):
        check_wire(relayed(raw, cut=["/who"], footer=footer))
