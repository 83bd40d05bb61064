import time
from datetime import UTC, datetime
from email.message import Message

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.errors import Unreadable
from mailflow.mail.addresses import Person
from mailflow.mail.automatic import Automation
from mailflow.mail.reading import Mail, TraceField, read

PLAIN = (
    b"Received: from a by b\r\n"
    b"Received: from c\r\n by d\r\n"
    b"Message-ID: <1@client.example>\r\n"
    b"In-Reply-To: <offer@flow.example>\r\n"
    b"References: <root@flow.example>\r\n <offer@flow.example>\r\n"
    b"Thread-Index: AQHcqjy4+KBnZ2dnZ2dnZ2dnZ2dnZw==\r\n"
    b"Subject: =?utf-8?q?Re=3A_Caf=C3=A9?=\r\n"
    b"Date: Mon, 02 Mar 2026 13:00:00 +0100\r\n"
    b"From: Ann Client <ann@client.example>\r\n"
    b"Reply-To: ann@home.example\r\n"
    b"To: Dana <dana+k7@flow.example>\r\n"
    b"Cc: bob@client.example\r\n"
    b"Mailflow-Instance: abc\r\n"
    b"\r\n"
    b"2\r\n"
)


def mail(*fields: str, body: str = "Hello") -> Mail:
    return read("\r\n".join([*fields, "", body]).encode("utf-8", "surrogateescape"), "flow.example")


def test_read() -> None:
    found = read(PLAIN, "flow.example", "ann@client.example")
    assert found.message_id == "1@client.example"
    assert found.aliases == ()
    assert found.references == ("root@flow.example", "offer@flow.example")
    assert found.in_reply_to == "offer@flow.example"
    assert found.thread_index is not None
    assert found.subject == "Re: Café"
    assert found.date == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert found.author == Person("Ann Client", "ann@client.example")
    assert found.from_count == 1
    assert found.reply_to == (Person("", "ann@home.example"),)
    assert found.to == (Person("Dana", "dana+k7@flow.example"),)
    assert found.cc == (Person("", "bob@client.example"),)
    assert (found.text, found.html, found.flowed) == ("2", None, False)
    assert found.automation is Automation.NONE
    assert not found.automatic
    assert found.instance == "abc"
    assert found.received_count == 2
    assert found.trace == (
        TraceField("received", "from a by b"),
        TraceField("received", "from c by d"),
    )


def test_a_mail_of_nothing_is_read() -> None:
    found = read(b"", "flow.example")
    assert found.message_id.endswith("@message-id.invalid")
    assert (found.author, found.subject, found.text) == (Person("", ""), "", "")
    assert found.date is None


def test_ids_of_a_mail_without_any_are_the_same_each_time() -> None:
    assert mail("From: a@b").message_id == mail("From: a@b").message_id
    assert mail("From: a@b").message_id != mail("From: a@b", body="Other").message_id


def test_further_ids_are_aliases() -> None:
    found = mail("X-Microsoft-Original-Message-ID: <3@x>", "Message-ID: <1@x>", "message-id: <2@x>")
    assert (found.message_id, found.aliases) == ("1@x", ("2@x", "3@x"))


def test_a_mail_is_no_evidence_for_itself() -> None:
    found = mail("Message-ID: <1@x>", "References: <0@x> <1@x>", "In-Reply-To: <0@x> <1@x>")
    assert (found.references, found.in_reply_to) == (("0@x",), "0@x")


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Reply-To"])
def test_addresses_in_in_reply_to_are_no_ids(name: str) -> None:
    assert mail(f"{name}: Ann@X.org", "In-Reply-To: <1@x> <ann@x.org>").in_reply_to == "1@x"


def test_ids_of_ours_are_compared_without_case() -> None:
    assert mail("References: <ABC@Flow.Example>").references == ("abc@flow.example",)


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        (["From: a@b, c@d"], 2),
        (["From: a@b", "From: c@d"], 2),
        (["From: A:a@b;", "From:"], 1),
        ([], 0),
    ],
)
def test_authors_are_counted(fields: list[str], count: int) -> None:
    found = mail(*fields)
    assert found.from_count == count
    assert found.author == Person("", "a@b" if count else "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("2 Mar 2026 12:00:00 GMT", datetime(2026, 3, 2, 12, tzinfo=UTC), id="zone"),
        pytest.param("Mon, 2 Mar 2026 12:00 +0000", datetime(2026, 3, 2, 12, tzinfo=UTC), id="s"),
        pytest.param("Mon, 2 Mar 99999 12:00:00 +0000", None, id="far year"),
        pytest.param("Fri, 31 Dec 1999 23:00:00 +9999", None, id="offset"),
        pytest.param("Thu, 1 Jan 1970 00:00:00 +0000", None, id="clock never set"),
        pytest.param("Mon, 2 Mar 2222 12:00:00 +0000", None, id="future"),
        pytest.param("yesterday", None, id="no date"),
        pytest.param("2 Mar " + "9" * 5_000 + " 12:00:00 GMT", None, id="many digits"),
    ],
)
def test_dates(value: str, expected: datetime | None) -> None:
    assert mail(f"Date: {value}").date == expected


@pytest.mark.parametrize(
    ("field", "subject"),
    [
        pytest.param("Subject: M\udcfcller", "Müller", id="undeclared Latin-1"),
        pytest.param("Subject: M\udcc3\udcbcller", "Müller", id="undeclared UTF-8"),
        pytest.param("Subject: a\0b", "ab", id="NUL"),
        pytest.param("Subject: =?x-none?q?a=FCb?=", "aüb", id="unknown charset"),
        pytest.param("Subject: =?utf-7?q?+ADw-b?=", "+ADw-b", id="UTF-7"),
        pytest.param("Subject: =?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x", id="line break in a word"),
        pytest.param("Subject: =?utf-8?b?w7w=?=\r\n =?utf-8?b?w7w=?=", "üü", id="neighbours"),
        pytest.param("Subject: one\r\nSubject: two", "one", id="two"),
        pytest.param("Subject:", "", id="empty"),
        pytest.param("Subjekt: x", "", id="misspelt"),
    ],
)
def test_subjects(field: str, subject: str) -> None:
    assert mail(field).subject == subject


@pytest.mark.parametrize(
    ("sender", "expected"),
    [(None, Automation.NONE), ("a@b", Automation.NONE), ("", Automation.AUTOMATIC)],
)
def test_the_null_sender(sender: str | None, expected: Automation) -> None:
    found = read(PLAIN, "flow.example", sender)
    assert found.automation is expected
    assert found.automatic is (expected is Automation.AUTOMATIC)


def test_the_digest_is_of_the_message_not_of_its_way() -> None:
    base = ["From: Ann <a@b>", "Date: Mon, 2 Mar 2026 12:00:00 +0000"]
    one = mail("Received: from a by b", *base, "Content-Transfer-Encoding: 7bit", body="a=b\r\n")
    two = mail(*base, "Content-Transfer-Encoding: quoted-printable", body="a=3Db\r\n")
    assert one.digest == two.digest
    others = [
        mail(*base, body="a=c"),
        mail("From: Eve <e@b>", base[1], body="a=b"),
        mail(base[0], "Date: Mon, 2 Mar 2026 12:00:01 +0000", body="a=b"),
    ]
    assert one.digest not in {other.digest for other in others}
    files = [
        read(parts(1) + b"--b\r\nContent-Type: application/pdf\r\n\r\n%d\r\n--b--" % number, "x")
        for number in (1, 2)
    ]
    assert files[0].text == files[1].text
    assert files[0].digest != files[1].digest


def nested(depth: int) -> bytes:
    levels = (
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )
    return b"".join(levels) + b"Content-Type: text/plain\r\n\r\nhi"


def parts(count: int, head: bytes = b"") -> bytes:
    return (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + (b"--b\r\n" + head + b"\r\nhi\r\n") * count
    )


def test_what_is_within_the_limits_is_read() -> None:
    assert read(nested(50), "x").text == "hi"
    assert read(parts(499), "x").text.count("hi") == 499
    assert read(b"X: y\r\n" * 999 + b"\r\nhi", "x").text == "hi"
    assert read(b"X: " + b"y" * 262_000 + b"\r\n\r\nhi", "x").text == "hi"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"X: y\r\n" * 200_000 + b"\r\nhi", id="1 MB of fields"),
        pytest.param(b"X: y\r\n" * 1_001 + b"\r\nhi", id="too many lines"),
        pytest.param(b"X: y\r" * 1_001 + b"\r\nhi", id="too many lines ended by CR"),
        pytest.param(b"X: " + b"y" * 10_000_000 + b"\r\n\r\nhi", id="10 MB in one field"),
        pytest.param(nested(51), id="51 levels"),
        pytest.param(nested(5_000), id="5,000 levels"),
        pytest.param(b"Content-Type: message/rfc822\r\n\r\n" * 5_000, id="5,000 attached mails"),
        pytest.param(parts(100_000), id="100,000 parts"),
        pytest.param(parts(1, b"X: y\r\n" * 100_000), id="fields of a part"),
        pytest.param(parts(1, b"Content-Type: a/b" + b';a="' * 2_000), id="long MIME field"),
        pytest.param(parts(400, b"Content-Type: a/b" + b';a="' * 900), id="long MIME fields"),
    ],
)
def test_what_is_beyond_the_limits_is_refused_soon(raw: bytes) -> None:
    start = time.process_time()
    with pytest.raises(Unreadable):
        read(raw, "x")
    assert time.process_time() - start < 1


@pytest.mark.parametrize("name", ["Subject", "From", "To", "References", "Date", "Received", "X"])
@pytest.mark.parametrize(
    "piece",
    ["=?utf-8?q?x?= ", "=?", "a@b,", "(", ";", "<a@b>", "\u0300\u0327", '"', " "],
)
def test_hostile_fields_take_bounded_time(name: str, piece: str) -> None:
    value = (piece * 250_000).encode()[:250_000]
    start = time.process_time()
    read(name.encode() + b": " + value + b"x\r\n\r\nhi", "x")
    assert time.process_time() - start < 3


def test_parser_errors_become_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bool:
        raise KeyError("charset")

    monkeypatch.setattr(Message, "is_multipart", fails)
    with pytest.raises(Unreadable, match="KeyError"):
        read(PLAIN, "x")


FIELDS = st.sampled_from(
    (
        b"From: |To: |Subject: |Date: |References: |Content-Type: text/html; charset="
        b"|Content-Type: multipart/mixed; boundary=b|Content-Transfer-Encoding: base64"
        b"|Content-Disposition: attachment; filename*=|\r\n|\r\n\r\n|--b\r\n|=?utf-8?b?"
    ).split(b"|")
)


@settings(max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=20), FIELDS), max_size=20).map(b"".join))
def test_any_bytes_are_a_mail_or_unreadable(raw: bytes) -> None:
    try:
        found = read(raw, "flow.example")
    except Unreadable:
        return
    shown = (found.subject, found.text, found.html or "", found.author.name, *found.references)
    assert b"\0" not in "".join(shown).encode()
    assert found.message_id
