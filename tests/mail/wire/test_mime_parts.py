"""Parts of a mail: where the standard library finds them too, and bounded whatever comes."""

import time
from contextlib import suppress
from email import message_from_bytes
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.errors import Unreadable
from mailflow.mail.wire.mime_parts import MAX_DEPTH, MAX_PARTS, entity, halves, split, text, value

NESTED = b"""\
From: joe@client.test
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer--"
Content-Length: 7

preamble
--outer--
Content-Type: multipart/alternative;
 boundary=inner

--inner

plain
--other
--inner
Content-Type: text/html; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

=FC
--inner--
epilogue
--outer--
Content-Type: text/plain; format=Flowed
Content-Disposition: inline; filename*0="a.txt"

--outer--
Content-Type: message/rfc822

Content-Type: multipart/mixed; boundary=attached

--attached

--attached--
--outer----
--outer--
after the end
"""


def test_parts_are_where_the_standard_library_finds_them() -> None:
    octets = entity(NESTED)
    parts = split(octets)
    expected = list(message_from_bytes(octets).walk())[:6]
    assert [part.media_type for part in parts] == [p.get_content_type() for p in expected]
    for part, other in zip(parts, expected, strict=True):
        if not other.is_multipart():
            assert octets[part.content : part.end].decode() == other.get_payload()
    assert [part.ancestors for part in parts] == [(), (0,), (0, 1), (0, 1), (0,), (0,)]
    assert [part.is_shown_text for part in parts] == [False, False, True, True, False, False]
    assert [part.is_flowed for part in parts].index(True) == 4
    assert text(octets, parts[3]) == "ü"


def test_an_entity_has_the_first_mime_fields_alone() -> None:
    raw = b"Content-Type: a/b\nSubject: x\nContent-type: c/d\nMIME-Version: 1.0\n\r\nbody\r"
    assert entity(raw) == b"Content-Type: a/b\r\nMIME-Version: 1.0\r\n\r\nbody\r\n"
    assert entity(b"\nbody") == b"\r\nbody"
    assert entity(b"Subject: x") == b"\r\n"
    assert value(halves(raw)[0], "subject") == "x"


@pytest.mark.parametrize(
    ("encoding", "content", "expected"),
    [
        ("", "a\rb", "a\nb"),
        ("BASE64", "w7w", "ü"),
        ("base64", "w", None),
        ("quoted-printable", "=C3=\n=BC=\n", "ü"),
        ("x-uuencode", "a", None),
    ],
)
def test_text(encoding: str, content: str, expected: str | None) -> None:
    octets = entity(f"Content-Transfer-Encoding: {encoding}\n\n{content}".encode())
    assert text(octets, split(octets)[0]) == expected


def nested(depth: int) -> bytes:
    levels = (
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(depth)
    )
    return b"".join(levels) + b"\r\nx"


def siblings(count: int) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n\r\n" * count


@pytest.mark.parametrize(
    "octets",
    [
        nested(MAX_DEPTH),
        siblings(MAX_PARTS),
        b"Content-Type: multipart/mixed\r\n\r\n--\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nSubject: x\r\n--b\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nSubject: x",
    ],
    ids=["deep", "many", "no boundary", "same boundary", "in a header", "no end of header"],
)
def test_what_cannot_be_told_apart_is_unreadable(octets: bytes) -> None:
    with pytest.raises(Unreadable):
        split(octets)


def test_limits_are_inclusive() -> None:
    assert len(split(nested(MAX_DEPTH - 1))) == MAX_DEPTH
    assert len(split(siblings(MAX_PARTS - 1))) == MAX_PARTS


lines = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"--a\r\n",
        b"--a--\r\n",
        b"--b\r\n",
        b"--b--",
        b"Content-Type: multipart/mixed; boundary=a\r\n",
        b'Content-Type: multipart/signed;\r\n boundary="b"\r\n',
        b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
    ]
)


@given(st.lists(lines | st.binary(max_size=20), max_size=30).map(b"".join))
def test_any_octets_are_parts_inside_each_other_or_unreadable(raw: bytes) -> None:
    octets = entity(raw)
    try:
        parts = split(octets)
    except Unreadable:
        return
    for part in parts:
        assert 0 <= part.start <= part.content <= part.end <= len(octets)
        for around in (parts[index] for index in part.ancestors):
            assert around.content <= part.start <= part.end <= around.end
    for before, after in pairwise(parts):
        assert before.content <= after.start
        text(octets, before)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--\r\n" * 500_000,
        b"Content-Type: multipart/mixed" + b";a" * 60_000 + b"\r\n\r\n",
        b"Content-Type: multipart/mixed" + b';a="\\' * 60_000 + b"\r\n\r\n",
        siblings(400) + b"x" * 2_000_000,
        b"\n" * 2_000_000,
    ],
    ids=["dashes", "semicolons", "quotes", "parts", "newlines"],
)
def test_hostile_shapes_take_linear_time(raw: bytes) -> None:
    start = time.process_time()
    with suppress(Unreadable):
        split(entity(raw))
    assert time.process_time() - start < 2
