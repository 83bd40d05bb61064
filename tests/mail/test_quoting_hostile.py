"""Mail written to stop its reader: each costs little time, and gives a text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.quoting import written
from mailflow.mail.text.html_text import rendered

LIMIT = 0.3  # seconds of this process, whatever others do on the machine
ATTRIBUTION = "On Mon, 2 Mar 2026 at 09:14, Paul <p@w.example> wrote:\n"

TEXTS = {
    "spaces": " " * 50_000,
    "marks": ">" * 50_000,
    "marked lines": ">\n" * 50_000,
    "one long line": "x" * 1_000_000,
    "one long line of words": "wrote: " * 150_000,
    "empty lines": "\n" * 1_000_000,
    "carriage returns": "\r" * 1_000_000,
    "nested quotes": "".join(">" * depth + "\n" for depth in range(5_000)),
    "attributions": ATTRIBUTION * 20_000,
    "attributions apart": (ATTRIBUTION + "\nx\n\n") * 20_000,
    "colons": "a@b.example wrote 2026 10:00:\n" * 20_000,
    "delimiters": "--\n" * 20_000,
    "delimiters apart": "--\n\nx\n" * 20_000,
    "headers": "From: a@b.example\n" * 20_000,
    "headers apart": "From: x\n\nTo: y\n\n" * 20_000,
    "dividers": "-----Original Message-----\n" * 20_000,
    "rules": "_______\n" * 20_000,
    "rule of marks": "- " * 100_000,
    "brackets": ("Sent from <" + "<" * 280 + "\n") * 5_000,
    "devices": "Sent from my iPhone\n" * 20_000,
    "links": "Links:\n------\n" + "[1] x\n" * 20_000,
    "zero widths": "\u200b" * 1_000_000,
}
PAGES = {
    "nested tables": "<table><tr><td>" * 70_000,
    "nested quotes": "<blockquote>x" * 5_000,
    "nested quotes and breaks": "<blockquote>" * 5_000 + "x<br>" * 100_000,
    "open brackets": "<" * 1_000_000,
    "open tags": "<a " * 300_000,
    "open attributes": '<a ="' * 200_000,
    "quoted brackets": '<a =">"' * 200_000,
    "open comments": "<!-- >" * 100_000,
    "open declarations": "<!" * 500_000,
    "open ends": "</" * 500_000,
    "open styles": "<style>" * 100_000,
    "divisions": "<div>" * 200_000,
    "attributes": "<div " + "class " * 100_000 + ">",
    "classes": '<div id="a" class="b" style="c:d">' * 30_000,
    "paragraphs": "<p>x" * 200_000,
    "items": "<ol><li>x" * 100_000,
    "breaks": "<br>" * 250_000,
    "references": "&" * 1_000_000,
    "large numbers": "&#" + "9" * 1_000_000 + ";",
    "names": "&abcdefghijklmnopqrstuvwxyzabcdef" * 30_000,
    "links": "<a href=http://x>y" * 50_000,
    "signatures": '<div class="gmail_signature">' * 30_000,
    "borders": '<div style="border-top:solid;padding:3.0pt 0">' * 20_000,
}


def seconds_for(text: str, html: str | None) -> float:
    """The fastest of three, since a loaded machine says little about the code."""
    times = []
    for _ in range(3):
        start = time.process_time()
        written(text, html, parents=[text])
        times.append(time.process_time() - start)
        if times[-1] < LIMIT:
            break
    return min(times)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_text(text: str) -> None:
    assert seconds_for(text, None) < LIMIT


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_hostile_html(html: str) -> None:
    assert seconds_for("", html) < LIMIT


LINES = st.lists(
    st.sampled_from(
        [
            *(text[:60] for text in TEXTS.values()),
            "",
            "\u2014",
            "__",
            "Yes.",
            "> x",
            "\tx",
            ATTRIBUTION,
            "wrote:",
        ]
    )
    | st.text(max_size=30)
)
TAGS = st.lists(
    st.sampled_from(
        [*(page[:40] for page in PAGES.values()), "</blockquote>", "</a>", "</p>", "-->"]
    )
    | st.text(max_size=10)
)


@given(LINES, LINES)
def test_any_text_gives_lines_of_it(lines: list[str], parent: list[str]) -> None:
    text = "\n".join(lines)
    answer = written(text, parents=["\n".join(parent)])
    assert bool(answer.strip()) == bool(text.strip())
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    assert {line.rstrip() for line in answer.split("\n")} <= {
        "",
        *map(str.rstrip, normal.split("\n")),
    }


@given(TAGS)
def test_any_html_gives_text(parts: list[str]) -> None:
    html = "".join(parts)
    assert isinstance(written("", html), str)
    assert isinstance(rendered(html), str)
