import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.text.flowed import join_flowed


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        pytest.param("one \ntwo\nthree", "one two\nthree", id="paragraph"),
        pytest.param("> one \n> two\nmine", "> one two\nmine", id="quoted"),
        pytest.param("> one \nmine", "> one\nmine", id="depth ends a paragraph"),
        pytest.param(">> a \n>> b \n> c", ">> a b\n> c", id="depths"),
        pytest.param(" >stuffed\n From x", ">stuffed\nFrom x", id="space-stuffing"),
        pytest.param("bye \n-- \nAnn", "bye\n-- \nAnn", id="signature mark"),
        pytest.param("> -- \n> Ann", "> --\n> Ann", id="quoted signature mark"),
        pytest.param("a\n\nb \n", "a\n\nb ", id="empty lines"),
        pytest.param("", "", id="empty"),
    ],
)
def test_join(text: str, joined: str) -> None:
    assert join_flowed(text, delete_space=False) == joined


def test_delsp_takes_the_blank_with_the_break() -> None:
    assert join_flowed("日本 \n語", delete_space=True) == "日本語"


@given(st.text("a >-\n"), st.booleans())
def test_joining_loses_no_word(text: str, delete_space: bool) -> None:
    joined = join_flowed(text, delete_space=delete_space)
    assert joined.count("a") == text.count("a")
    assert joined.count("\n") <= text.count("\n")
