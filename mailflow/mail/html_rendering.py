"""HTML of others as plain text, to read, search and quote it.

No tree is built, and the standard library's parser is not used: that of Python 3.11 takes quadratic
time on unclosed comments and tags. Here each position is looked at a few times at most.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

# Deeper quotes are shown at this depth: marks before each line must not outgrow the text.
MAX_QUOTE_DEPTH = 20
# Drawn for <hr>, by which Outlook parts an answer from the mail below; so does its text part.
RULE = "_" * 32

_MARKUP = re.compile(r"<(?:(?P<closing>/?)(?P<name>[a-zA-Z][^\s/<>]*)|[!?/])")
# A quote hides a bracket only where a value begins: a stray apostrophe must not swallow the text.
_TAG_STEP = re.compile(r"""=\s*(["'])|>""")
_HREF = re.compile(r"""\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_LONG_NUMBER = re.compile(r"&#x?[0-9a-fA-F]{8,}")

_UNSHOWN = {name: re.compile(rf"</{name}", re.IGNORECASE) for name in ("script", "style", "title")}
_BLOCKS = frozenset({
    "address", "article", "aside", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "header", "hr", "html", "li", "main", "nav", "ol", "section", "table", "tbody", "tr",
    "ul",
})  # fmt: skip
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote"})
_CELLS = frozenset({"td", "th"})


class _Piece(NamedTuple):
    """Text, or a tag: then `name` is in lower case and `text` holds its attributes."""

    name: str
    text: str
    closing: bool = False


@dataclass(slots=True)
class _Page:
    lines: list[tuple[int, str]] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    gap: bool = False
    quote_depth: int = 0
    pre_depth: int = 0
    link: str = ""
    link_start: int = 0

    def end_line(self) -> None:
        text = "".join(self.line)
        shown = text.rstrip() if self.pre_depth else " ".join(text.split())
        if shown and self.gap and self.lines:
            self.lines.append((min(self.quote_depth, self.lines[-1][0]), ""))
        self.gap = self.gap and not shown
        self.lines.append((self.quote_depth, shown))
        self.line, self.link_start = [], 0

    def end_block(self) -> None:
        if any(piece.strip() for piece in self.line):
            self.end_line()
        self.line, self.link_start = [], 0

    def end_link(self) -> None:
        text = "".join(self.line[self.link_start :]).strip()
        if self.link and text and self.link.rstrip("/") != text.rstrip("/"):
            self.line.append(f" <{self.link}>")
        self.link = ""


def render_html(source: str) -> str:
    """The text of `source`, with `>` before quoted lines and a link's address behind its text."""
    page = _Page()
    for piece in _pieces(source):
        if piece.name:
            _take_tag(page, piece)
        else:
            _take_text(page, piece.text)
    page.end_block()
    return "\n".join(_marked(depth, line) for depth, line in page.lines).strip("\n")


def _marked(depth: int, line: str) -> str:
    depth = min(depth, MAX_QUOTE_DEPTH)
    return f"{'>' * depth} {line}".rstrip() if depth else line


def _take_text(page: _Page, text: str) -> None:
    spoken = html.unescape(_LONG_NUMBER.sub("\ufffd", text)).replace("\u00a0", " ")
    if not page.pre_depth:
        page.line.append(spoken)
        return
    first, *others = spoken.split("\n")
    page.line.append(first)
    for line in others:
        page.end_line()
        page.line.append(line)


def _take_tag(page: _Page, tag: _Piece) -> None:
    step = -1 if tag.closing else 1
    if tag.name == "br":
        page.end_line()
    elif tag.name == "a":
        page.end_link()
        page.link, page.link_start = "" if tag.closing else _href(tag.text), len(page.line)
    elif tag.name in _CELLS:
        page.line.append(" ")
    elif tag.name in _BLOCKS or tag.name in _PARAGRAPHS:
        page.end_block()
        page.gap = page.gap or tag.name in _PARAGRAPHS
    if tag.name == "blockquote":
        page.quote_depth = max(page.quote_depth + step, 0)
    elif tag.name == "pre":
        page.pre_depth = max(page.pre_depth + step, 0)
    elif tag.name == "hr":
        page.line.append(RULE)
        page.end_line()
    elif tag.name == "li" and not tag.closing:
        page.line.append("- ")


def _href(attributes: str) -> str:
    match = _HREF.search(attributes)
    target = html.unescape(match[1] or match[2] or match[3] or "").strip() if match else ""
    return target if target.lower().startswith(("http://", "https://")) else ""


def _pieces(source: str) -> Iterator[_Piece]:
    position = 0
    while markup := _MARKUP.search(source, position):
        yield _Piece("", source[position : markup.start()])
        if markup["name"]:
            name, end = markup["name"].lower(), _tag_end(source, markup.end())
            yield _Piece(name, source[markup.end() : end], closing=bool(markup["closing"]))
            position = end + 1
            if name in _UNSHOWN and not markup["closing"]:
                close = _UNSHOWN[name].search(source, position)
                position = close.start() if close else len(source)
        elif source.startswith("<!--", markup.start()):
            position = _after(source, "-->", markup.end())
        else:
            position = _after(source, ">", markup.end())
    yield _Piece("", source[position:])


def _after(source: str, mark: str, start: int) -> int:
    found = source.find(mark, start)
    return len(source) if found < 0 else found + len(mark)


def _tag_end(source: str, start: int) -> int:
    """Where the `>` of a tag stands; the end of the source if there is none, as in a browser."""
    position = start
    while step := _TAG_STEP.search(source, position):
        if step[0] == ">":
            return step.start()
        position = _after(source, step[1], step.end())
    return len(source)
