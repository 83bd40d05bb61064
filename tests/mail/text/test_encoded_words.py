"""Encoded words: as the standard library reads them, in bounded time, and never an exception."""

import time
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.text.encoded_words import decode, encode


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?a_b?= c", "a b c"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?=\t=?iso-8859-1?Q?=FC?=", "aü"),
        ("=?utf-8?b?w6Q?=", "ä"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "ä"),
        ("=?utf-8*de?q?=C3=A4?=", "ä"),
        ("=?utf-7?q?+ADw-?=", "+ADw-"),
        ("=?rot13?q?uryyb?=", "uryyb"),
        ("=?windows-9999?q?=FC?=", "ü"),
        ("=?utf-8?b?a?=", "a"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?a", "=?utf-8?q?a"),
    ],
)
def test_decode(value: str, text: str) -> None:
    assert decode(value) == text


@given(st.text())
def test_any_value_has_a_text(value: str) -> None:
    decode(value)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1))
def test_any_text_comes_back(text: str) -> None:
    words = encode(text, "Subject")
    assert decode(" ".join(words)) == text
    assert str(make_header(decode_header(" ".join(words)))) == text
    assert max(map(len, words)) <= 75


@pytest.mark.parametrize(
    "value",
    ["=?utf-8?q?a?= " * 20_000, "=?" * 150_000, "=?a?q?" * 50_000, "=?a?q?b?=" + " " * 300_000],
    ids=["words", "openings", "halves", "blanks"],
)
def test_storms_take_linear_time(value: str) -> None:
    start = time.process_time()
    decode(value)
    assert time.process_time() - start < 1
