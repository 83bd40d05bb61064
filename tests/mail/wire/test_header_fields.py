"""One header field: what goes in comes out, whoever reads it, and nothing else."""

import re
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailflow.errors import UnsafeValue
from mailflow.mail.wire.header_fields import (
    Mailbox,
    Value,
    Verbatim,
    clean,
    display_name,
    field,
    ids,
)

EVIL = "=?utf-8?q?x=0ABcc:_evil?="
EVIL_TWICE = "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3D0ABcc=3A=5Fevil=3F=3D?="
EXCHANGE_ID = f"<{'A' * 80}@eurprd01.prod.outlook.com>"

words = st.sampled_from([EVIL, EVIL_TWICE, "=?", "?=", "=?x?b?", " ", "\t", '"', "@", "a@b.c", "ü"])
texts = st.lists(st.text(max_size=30) | words, max_size=12).map("".join)


def read(octets: bytes) -> tuple[str, str]:
    """Name and unfolded value of the one field, as the standard library reads it."""
    found = BytesHeaderParser().parsebytes(octets + b"\r\n")
    [(name, value)] = found.items()
    return name, re.sub(r"\r\n(?=[ \t])", "", value)


def decoded(value: str) -> str:
    return str(make_header(decode_header(value)))


@given(st.sampled_from(["Subject", "Thread-Topic"]), texts)
@example("Subject", EVIL)
@example("Subject", EVIL_TWICE)
@example("Subject", "a" * 2_000)
def test_any_text_comes_back_clean_or_is_refused(name: str, text: str) -> None:
    if re.search(r"[\r\n\0]", text):
        with pytest.raises(UnsafeValue):
            field(name, text)
    elif clean(text):
        octets = field(name, text)
        found, value = read(octets)
        assert (found, decoded(value)) == (name, clean(text))
        assert octets.isascii()
        assert max(map(len, octets.split(b"\r\n"))) <= 76
    else:
        assert field(name, text) == b""


@given(texts)
@example(EVIL)
@example(f'"Dana" <evil@x.test>, {EVIL_TWICE}')
@example("Dana\r\nBcc: evil@x.test")
def test_any_name_comes_back_clean_beside_its_address(name: str) -> None:
    octets = field("From", Mailbox(name, "dana+k7xq@flow.example.com"))
    [(shown, address)] = getaddresses([read(octets)[1]])
    assert address == "dana+k7xq@flow.example.com"
    assert decoded(shown) == display_name(name)
    assert not re.search('[@"<>\x00-\x1f\x7f-\x9f]', display_name(name))


@given(st.text(max_size=80), st.text(max_size=80) | st.sampled_from([EVIL, "a@b"]))
def test_any_pair_is_one_field_or_refused(name: str, value: str) -> None:
    try:
        octets = field(name, value)
    except UnsafeValue:
        return
    if octets:
        assert read(octets)[0] == name
        assert octets.isascii()


@pytest.mark.parametrize(
    ("name", "value", "octets"),
    [
        ("Subject", "Re: A talk", b"Subject: Re: A talk\r\n"),
        ("Subject", "Grüße", b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n"),
        ("Subject", "a  b ", b"Subject: a b\r\n"),
        ("Subject", "", b""),
        ("Subject", "a =? b", b"Subject: =?utf-8?b?YSA9PyBi?=\r\n"),
        ("Thread-Topic", EVIL, b"Thread-Topic: x Bcc: evil\r\n"),
        (
            "References",
            f"<a@b> {EXCHANGE_ID} <c@d>",
            f"References: <a@b>\r\n {EXCHANGE_ID}\r\n <c@d>\r\n".encode(),
        ),
        ("Message-ID", EXCHANGE_ID, f"Message-ID: {EXCHANGE_ID}\r\n".encode()),
        ("From", Mailbox("Dana Coach", "d@x.test"), b'From: "Dana Coach" <d@x.test>\r\n'),
        ("From", Mailbox("", "d@x.test"), b"From: <d@x.test>\r\n"),
        ("From", Mailbox('"Da\r\nna" <a@b>', "d@x.test"), b'From: "Da na" <d@x.test>\r\n'),
        ("From", Mailbox("d@x.test (via Dana)", "d@x.test"), b'From: "(via Dana)" <d@x.test>\r\n'),
        ("To", Mailbox("Łukasz", "l@x.test"), b"To: =?utf-8?q?=C5=81ukasz?= <l@x.test>\r\n"),
        ("Subject", Verbatim(b" =?x?q?y?=\r\n\tz"), b"Subject: =?x?q?y?=\r\n\tz\r\n"),
        ("Date", Verbatim(b" today"), b"Date: today\r\n"),
    ],
)
def test_octets(name: str, value: Value, octets: bytes) -> None:
    assert field(name, value) == octets


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Subject", "a\nb"),
        ("Subject", "a\rb"),
        ("Subject", "a\0b"),
        ("Sub ject", "a"),
        ("Subject:", "a"),
        ("Subject\r\nBcc", "a"),
        ("", "a"),
        ("Bcc", "a"),
        ("bcc", Mailbox("", "a@b.test")),
        ("Message-ID", "<ü@x>"),
        ("References", "<=?utf-8?q?a?=@x>"),
        ("List-Unsubscribe", "<https://x/\r\n>"),
        ("Mailflow-Kind", EVIL),
        ("From", "dana@x.test"),
        ("Subject", Mailbox("", "a@b.test")),
        ("Subject", Verbatim(b" a\nb")),
        ("Subject", Verbatim(b" a\r\nb")),
        ("Subject", Verbatim(b" a\r\n ")),
        ("Subject", Verbatim(b" a\r\n \r\n b")),
        ("Subject", Verbatim(b" a\xff")),
        ("Subject", Verbatim(b" a\r\n")),
        ("References", Verbatim(b" <=?utf-8?q?a?=@x>")),
    ],
)
def test_refused(name: str, value: Value) -> None:
    with pytest.raises(UnsafeValue):
        field(name, value)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "b",
        "b@",
        "@y",
        "b@y>\r\nRCPT TO:<e@z",
        "b@y\r\n",
        "b@y\n",
        "<b@y>",
        "b@y, e@z",
        "b c@y",
        '"b"@y',
        "b@y\0",
        "b..c@y",
        ".b@y",
        "b@-y",
        "bü@y",
        "b@ü",
        "a%b@y",
        "y!b@z",
        "@a,@b:c@d",
        "b@[127.0.0.1]",
        f"{'b' * 65}@y",
        f"b@{'y' * 260}",
    ],
)
def test_a_bad_address_is_never_mended(address: str) -> None:
    with pytest.raises(UnsafeValue):
        field("To", Mailbox("Joe", address))


def test_ids_that_cannot_stand_literally_are_left_out() -> None:
    given_ids = ["a@b", "@b", "ü@b", "=?x?q?y?=@b", "a b", "a<b", "", "x" * 513, EXCHANGE_ID[1:-1]]
    assert ids(given_ids) == f"<a@b> {EXCHANGE_ID}"
