"""Lines as relays bear them."""

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.wire.mime_encoding import (
    LINE_OCTETS,
    base64_leaf,
    has_long_line,
    leaf,
    text_octets,
    with_broken_lines,
    with_crlf,
)

LENGTHS = st.sampled_from([0, 1, LINE_OCTETS - 1, LINE_OCTETS, LINE_OCTETS + 1, 3 * LINE_OCTETS])
LINES = st.tuples(LENGTHS, st.sampled_from([b"\r\n", b"\n", b"\r", b"\n\r", b""]))


@given(st.lists(LINES, max_size=6))
def test_a_line_is_long_by_what_stands_before_its_end(lines: list[tuple[int, bytes]]) -> None:
    octets = b"".join(b"x" * length + end for length, end in lines)
    longest = max(map(len, re.findall(rb"(?:\A|(?<=\n))[^\r\n]*", octets)), default=0)
    assert has_long_line(octets) == (longest > LINE_OCTETS)
    assert (with_broken_lines(octets) == octets) == (longest <= LINE_OCTETS)


@given(st.lists(st.sampled_from([b"\r", b"\n", b"x"])).map(b"".join))
def test_every_line_end_becomes_one_of_two_octets(octets: bytes) -> None:
    assert with_crlf(octets) == re.sub(rb"\r\n|\r|\n", b"\r\n", octets)


@given(st.text(max_size=300))
def test_no_part_is_longer_than_it_would_be_in_base64(text: str) -> None:
    octets = text_octets(text)
    longer_name = len("quoted-printable") - len("base64")
    assert len(leaf(b"", octets)) <= len(base64_leaf(b"", octets)) + longer_name


def test_a_big_mail_is_looked_through_in_no_time() -> None:
    for line in (b"x" * 76 + b"\r\n", b"x" * LINE_OCTETS + b"\r\n", b"\r\n", b"x"):
        octets = line * (25_000_000 // len(line))
        start = time.process_time()
        has_long_line(octets)
        assert time.process_time() - start < 1
