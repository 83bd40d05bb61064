import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.text.lexing import Kind, lex


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.b c", [(Kind.ATOM, "a.b"), (Kind.SPACE, " "), (Kind.ATOM, "c")]),
        ('"a;b\\"c";', [(Kind.QUOTED, 'a;b"c'), (Kind.SPECIAL, ";")]),
        ("(a (b\\)) c)d", [(Kind.COMMENT, "a (b)) c"), (Kind.ATOM, "d")]),
        ('"a', [(Kind.ATOM, '"'), (Kind.ATOM, "a")]),
        ("(a", [(Kind.ATOM, "("), (Kind.ATOM, "a")]),
        ("a)", [(Kind.ATOM, "a)")]),
        ("", []),
    ],
)
def test_lex(value: str, expected: list[tuple[Kind, str]]) -> None:
    assert [(token.kind, token.content) for token in lex(value, ";")] == expected


@given(st.text('a "();\\\n'))
def test_tokens_joined_are_the_value(value: str) -> None:
    assert "".join(token.text for token in lex(value, ";")) == value
