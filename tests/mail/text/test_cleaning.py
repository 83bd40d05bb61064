import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.text.cleaning import MAX_LINE, clean_line, clean_text, mark_hidden

ANYTHING = st.text(st.characters(), max_size=200)  # lone surrogates too


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a \r\n\tb\u00a0c ", "a b c"),
        ("a\x00b\x1bc\x85d\x9fe", "abc de"),
        ("a\u202eb\u2066c\u200bd\ufeffe", "abcde"),
        ("\udcff", "\ufffd"),
        ("cafe\u0301", "caf\u00e9"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
    ],
)
def test_clean_line(text: str, line: str) -> None:
    assert clean_line(text) == line


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("a\x00b\udcffc", "a\ufffdb\ufffdc"),
        ("a\x1b[31m\tb\x0c", "a[31m\tb"),
        ("\u200f\u05e9\u05dd", "\u200f\u05e9\u05dd"),
    ],
)
def test_clean_text(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


@given(ANYTHING)
def test_what_is_clean_stays_so_and_can_be_stored(text: str) -> None:
    for clean in (clean_line, clean_text, mark_hidden):
        assert clean(clean(text)) == clean(text)
        assert b"\0" not in clean(text).encode()
    assert "\n" not in clean_line(text)
    assert len(clean_line("é" * MAX_LINE * 2)) == MAX_LINE
