"""Plain text of a copy: commands go, everything else stays."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.copies.copied_plain import squeezed, with_footer, without_lines


@pytest.mark.parametrize(
    ("text", "commands", "left"),
    [
        ("/offer coaching\n\nHello\n", ["/offer coaching"], "Hello\n"),
        ("Hello\n  /note  he is late \nBye\n", ["/note he is late"], "Hello\nBye\n"),
        ("/note one two\nthree\nHello", ["/note one two three"], "Hello"),
        ("/note one two \nthree\nHello", ["/note one two three"], "Hello"),
        ("/note one\ntwo\n", ["/note one"], "two\n"),
        ("> /who\nHello /who\n", ["/who"], "> /who\nHello /who\n"),
        ("\n\nHello", ["/who"], "\n\nHello"),
        ("a\n\n" * 9 + "/who\n", ["/who"], "a\n\n" * 9),
        ("a\n\n" * 10 + "/who\n", ["/who"], "a\n\n" * 10 + "/who\n"),
        ("/who\n/close\n", ["/who", "/close"], ""),
    ],
)
def test_without_lines(text: str, commands: list[str], left: str) -> None:
    assert without_lines(text, {squeezed(command) for command in commands}) == left


@given(st.text("/a \n\u00a0", max_size=60), st.text("/a ", min_size=1, max_size=5))
def test_no_line_of_the_first_ten_is_a_command(text: str, command: str) -> None:
    commands = {squeezed(command)} - {""}
    left = without_lines(text, commands)
    assert len(left) <= len(text)
    assert left == text or squeezed(left) != squeezed(text)
    filled = [line for line in text.splitlines() if line.strip()]
    if len(filled) <= 10:
        assert not commands & set(map(squeezed, left.splitlines()))


@pytest.mark.parametrize("text", ["\n" * 200_000, "/no\n" + "\n" * 200_000, "/\nn\n" * 50_000])
def test_cutting_lines_takes_linear_time(text: str) -> None:
    start = time.process_time()
    without_lines(text, {"/note"})
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("text", "footer", "flowed", "whole"),
    [
        ("Hello\n", "With Joe", False, "Hello\n\nWith Joe\n"),
        ("Hello \n\n", "With Joe\n", True, "Hello\n\nWith Joe\n"),
        ("Hello", "> a \n b\nFrom c", True, "Hello\n\n > a\n  b\n From c\n"),
        ("Hello", "> a", False, "Hello\n\n> a\n"),
        ("", "With Joe", False, "With Joe\n"),
    ],
)
def test_with_footer(text: str, footer: str, flowed: bool, whole: str) -> None:
    assert with_footer(text, footer, flowed=flowed) == whole
