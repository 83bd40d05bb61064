import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.appointments.itip.writing import content_line, escaped
from mailflow.errors import UnsafeValue

FOLD = b"\r\n "


@given(st.text(alphabet="a\\;,^ä\U0001f469\n", max_size=400))
def test_a_fold_parts_neither_a_letter_nor_an_escape(text: str) -> None:
    line = content_line("X", escaped(text), {})
    pieces = line.removesuffix(b"\r\n").split(FOLD)
    assert b"".join(pieces).decode() == f"X:{escaped(text)}"
    assert all(len(piece) <= 74 for piece in pieces)
    for piece in pieces:
        piece.decode()
        assert not re.search(rb"(?<!\\)(?:\\\\)*\\\Z", piece)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", "a\ud800b"])
def test_a_line_that_would_be_more_than_one_is_refused(value: str) -> None:
    with pytest.raises(UnsafeValue):
        content_line("X", value, {})
    with pytest.raises(UnsafeValue):
        content_line("X", "", {"CN": value})


def test_a_parameter_stays_between_its_marks() -> None:
    assert content_line("X", "y", {"CN": "a;B=c^d"}) == b'X;CN="a;B=c^^d":y\r\n'
    with pytest.raises(UnsafeValue):
        content_line("X", "y", {"CN": 'a";B="c'})
