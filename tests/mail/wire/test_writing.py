"""What leaves the house: heads, bodies, invitations, to the octet."""

from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.errors import UnsafeValue
from mailflow.mail.wire.header_fields import Mailbox, Value, Verbatim, field, ids
from mailflow.mail.wire.writing import alternative, check_wire, head, invitation, with_attachments

Golden = Callable[[str, bytes], None]

CONVERSATION = "dana+k7xq2vdn5m3hw4jz6ytb@flow.example.com"
EXCHANGE_ID = f"{'A' * 76}@EURPRD01.prod.outlook.com"
TEXT = "Coaching with Dana\n\n1. Monday, 30 November, 10:00\n   https://flow.example.com/s/k7xq\n"
HTML = '<p>Coaching with Dana</p>\n<a href="https://flow.example.com/s/k7xq">10:00 · 10:50</a>\n'
CALENDAR = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mailflow//EN\r\nMETHOD:REQUEST\r\n"
    b"BEGIN:VEVENT\r\nUID:b1@flow.example.com\r\nDTSTAMP:20261122T120000Z\r\n"
    b"DTSTART:20261130T090000Z\r\nSUMMARY:Gespr\xc3\xa4ch\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
FIELDS: list[tuple[str, Value]] = [
    ("Date", "Sun, 22 Nov 2026 12:00:00 +0000"),
    ("From", Mailbox("Dana Coach", CONVERSATION)),
    ("Reply-To", Mailbox("Dana Coach", CONVERSATION)),
    ("To", Mailbox("Zoë O'Brien", "zoe@client.test")),
    ("Subject", "Re: Ein Gespräch über die Dinge, die seit langem besprochen werden sollen"),
    ("Message-ID", "<ge2dgnbvgy3tqojq.c1@flow.example.com>"),
    ("In-Reply-To", ids([EXCHANGE_ID])),
    ("References", ids(["root@client.test", EXCHANGE_ID])),
    ("Thread-Topic", "Ein Gespräch"),
    ("Thread-Index", "AQHb" + "A" * 300),
    ("Mailflow-Conversation", "c1"),
    ("Mailflow-Kind", "offer"),
]


def leaves(mail: bytes) -> list[Message]:
    return [part for part in message_from_bytes(mail).walk() if not part.is_multipart()]


def tree(mail: bytes) -> list[str]:
    return [part.get_content_type() for part in message_from_bytes(mail).walk()]


def content(part: Message) -> bytes:
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    return octets


def test_an_offer(golden: Golden) -> None:
    mail = head(FIELDS) + alternative(TEXT, HTML)
    golden("offer.eml", mail)
    assert tree(mail) == ["multipart/alternative", "text/plain", "text/html"]
    assert [content(part).decode() for part in leaves(mail)] == [
        text.replace("\n", "\r\n") for text in (TEXT, HTML)
    ]


def test_an_id_of_exchange_stands_literally_in_references() -> None:
    assert f"\r\n <{EXCHANGE_ID}>\r\n".encode() in head(FIELDS)
    assert len(EXCHANGE_ID) >= 100


@pytest.mark.parametrize(("method", "name"), [("REQUEST", "invite.ics"), ("CANCEL", "cancel.ics")])
def test_an_invitation(method: str, name: str, golden: Golden) -> None:
    calendar = CALENDAR.replace(b"REQUEST", method.encode())
    body = invitation(TEXT, HTML, calendar, method)
    golden(f"{method.lower()}.eml", head(FIELDS) + body)
    assert tree(body) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    _, _, shown, attached = leaves(body)
    assert content(shown) == content(attached) == calendar
    assert shown.get_params() == [("text/calendar", ""), ("charset", "UTF-8"), ("method", method)]
    assert "Content-Disposition" not in shown
    assert attached.get_filename() == name
    assert attached["Content-Transfer-Encoding"] == "base64"


def test_files_of_another_mail_are_added_bit_for_bit(golden: Golden) -> None:
    picture = b"Content-Type: image/png\r\nContent-ID: <p@x>\r\n\r\n\x01PNG\x7f\r\n--almost"
    named = b'Content-Type: text/plain; name="a.txt"\r\nContent-Disposition: attachment\r\n\r\n  a'
    original = (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\n/offer coaching\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<img src=cid:p@x>\r\n"
        b"--b\r\n" + picture + b"\r\n--b\r\n" + named + b"\r\n--b\r\n"
        b"Content-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"
    )
    body = with_attachments(alternative(TEXT, HTML), original)
    golden("offer_with_files.eml", head(FIELDS) + body)
    assert b"\r\n" + picture + b"\r\n--=_" in body
    assert b"\r\n" + named + b"\r\n--=_" in body
    assert tree(body)[-2:] == ["image/png", "text/plain"]
    assert len(tree(body)) == 6
    check_wire(body)


@pytest.mark.parametrize(
    ("original", "types"),
    [
        (b"Subject: x\n\n/offer coaching", []),
        (b"MIME-Version: 1.0\r\nContent-Type: application/pdf\r\n\r\n%PDF", ["application/pdf"]),
        (b"Content-Type: a/b\r\nX-Long: " + b"y" * 999 + b"\r\n\r\n" + b"z" * 999, ["a/b"]),
    ],
    ids=["text alone", "a file alone", "long lines"],
)
def test_attachments_of_small_mails(original: bytes, types: list[str]) -> None:
    body = with_attachments(alternative(TEXT, HTML), original)
    assert [part.get_content_type() for part in leaves(body)[2:]] == types
    assert body.count(b"MIME-Version: 1.0") == 1
    assert [content(part) for part in leaves(body)[2:]] == [
        original.partition(b"\r\n\r\n")[2] for _ in types
    ]
    check_wire(body)


@given(st.text(), st.text(), st.binary())
def test_any_texts_come_back_the_same_each_time(text: str, html: str, calendar: bytes) -> None:
    body = invitation(text, html, calendar, "REQUEST")
    assert body == invitation(text, html, calendar, "REQUEST")
    check_wire(body)
    assert body.isascii()
    plain, marked, shown, attached = leaves(body)
    assert content(shown) == content(attached) == calendar
    for part, given_text in ((plain, text), (marked, html)):
        expected = given_text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
        assert content(part).replace(b"\r\n", b"\n") == expected


evil = st.sampled_from(["=?utf-8?q?x=0ABcc:_evil?=", "\r\nBcc: evil", "a\nBcc: evil\n\nbody", "x"])
values = st.text(max_size=20) | evil
fields = st.one_of(
    st.tuples(st.sampled_from(["Subject", "Thread-Topic"]), values),
    st.tuples(st.sampled_from(["Message-ID", "References", "List-Unsubscribe"]), values),
    st.tuples(
        st.sampled_from(["From", "To"]), st.builds(Mailbox, values, st.just("a@b.test") | values)
    ),
    st.tuples(st.just("Subject"), st.builds(Verbatim, st.binary(max_size=20))),
    st.tuples(values, values),
)


@given(st.lists(fields, max_size=6))
def test_a_head_reads_as_it_was_meant_or_is_refused(given_fields: list[tuple[str, Value]]) -> None:
    try:
        octets = head(given_fields)
    except UnsafeValue:
        return
    found = message_from_bytes(octets + b"\r\n")
    assert found.keys() == [name for name, value in given_fields if field(name, value)]
    assert not found.get_payload()
    # The oldest Python writes a second header, where a decoded value holds a line break.
    again = message_from_bytes(message_from_bytes(octets + b"\r\n", policy=SMTP).as_bytes())
    assert "Bcc" not in again


@pytest.mark.parametrize(
    "message", [b"a\nb", b"a\rb", b"a\r\r\n", b"\r", b"a" * 999, b"x\r\n" + b"a" * 999 + b"\r\n"]
)
def test_check_wire_refuses(message: bytes) -> None:
    with pytest.raises(UnsafeValue):
        check_wire(message)


def test_check_wire_takes_the_longest_line() -> None:
    check_wire(b"a" * 998 + b"\r\n" + b"a" * 998)
