"""HTML of a copy: commands go in whatever dress they come, the rest stays to the letter."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.copies.copied_html import from_plain, with_footer, without_lines
from mailflow.mail.copies.copied_plain import squeezed


@pytest.mark.parametrize(
    ("source", "commands", "left"),
    [
        ('<div dir="ltr">/who<div>Hi</div></div>', ["/who"], '<div dir="ltr"><div>Hi</div></div>'),
        ("<body>/offer coaching<br>\r\nHi</body>", ["/offer coaching"], "<body>\r\nHi</body>"),
        ("<p>/note a &amp;&nbsp;b</p><p>Hi</p>", ["/note a & b"], "<p></p><p>Hi</p>"),
        (
            '<p><span>/offer x <a href="mailto:j@c.test">j@c.test</a></span></p>Hi',
            ["/offer x j@c.test"],
            "<p></p>Hi",
        ),
        ("<b><p>/who</b></p>Hi", ["/who"], "<b><p></b></p>Hi"),
        ("<p>/who<img src=x></p>", ["/who"], "<p></p>"),
        ("<p>ask /who</p>", ["/close"], "<p>ask /who</p>"),
        ("<p>/note one <b>two</b> x</p>", ["/note one"], None),
        ("<table><td>/note</td><td>one</td></table>", ["/note one"], None),
        ("<title>/who</title><body>Hi", ["/who"], None),
        ("<p>1</p>" * 9 + "<p>/who</p>", ["/who"], "<p>1</p>" * 9 + "<p></p>"),
        ("<p>1</p>" * 10 + "<p>/who</p>", ["/who"], None),
        ("a < b <3 <", ["/who"], "a < b <3 <"),
    ],
)
def test_without_lines(source: str, commands: list[str], left: str | None) -> None:
    assert without_lines(source, {squeezed(command) for command in commands}) == left


PIECES = [
    "<p>",
    "</p>",
    "<br>",
    "<a>",
    "</a>",
    "<",
    "&",
    "/who",
    "Hi",
    "\n",
    "<!--",
    "-->",
    "&nbsp;",
]


@given(st.lists(st.sampled_from(PIECES)))
def test_any_html_stays_or_loses_the_command(pieces: list[str]) -> None:
    source = "".join(pieces)
    left = without_lines(source, {"/who"})
    assert without_lines(source, {"/never"}) == source
    assert left is None or len(left) <= len(source)


@pytest.mark.parametrize(
    ("source", "whole"),
    [
        ("<p>Hi</p>", "<p>Hi</p>@"),
        ("<body>Hi</body></html>", "<body>Hi@</body></html>"),
        ("<BODY>Hi</BODY>\n</HTML>", "<BODY>Hi@</BODY>\n</HTML>"),
        ("Hi</html>", "Hi@</html>"),
        ("Hi<div></body></html></div>Bye</body>", "Hi<div></body></html></div>Bye@</body>"),
    ],
)
def test_with_footer(source: str, whole: str) -> None:
    paragraph = '<p style="font-size:small;color:#666">With &lt;b&gt; &amp;<br>\nco</p>\n'
    assert with_footer(source, "With <b> &\nco\n") == whole.replace("@", paragraph)


def test_from_plain_escapes() -> None:
    assert "&lt;b&gt;\n" in from_plain("<b>\n")


@pytest.mark.parametrize("piece", ["<", "<!--", "<a ", "</body ", "<p>", "&", " ", "<body"])
def test_hostile_html_takes_linear_time(piece: str) -> None:
    source = piece * (1_000_000 // len(piece))
    start = time.process_time()
    without_lines(source, {"/who"})
    with_footer(source, "x")
    assert time.process_time() - start < 3
