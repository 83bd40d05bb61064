"""A plain-text rendering of HTML mail: what a reader sees, in time linear in the length of the source."""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum, auto
from itertools import islice

from mailflow.mail.text.html_tags import Tag, attributes, decoded, tokens

MAX_MARKUP = 300_000  # characters of source looked at: a long thread out of Word
MAX_TOKENS = 15_000  # tags and texts between them: 0.1 s of work at worst
MAX_LINES = 5_000  # lines written, more than anybody reads
MAX_MARKS = 20  # quote marks before one line: 5,000 nested quotes would grow to 50 MB otherwise

_PARAGRAPHS = frozenset(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "table", "blockquote")
)
_BLOCKS = _PARAGRAPHS.union(
    ("address", "article", "aside", "body", "center", "dd", "div", "dt", "figure", "footer"),
    ("form", "header", "html", "li", "main", "nav", "section", "tr"),
)
# The elements whose end matters; inline ones are left out, since they are closed in any order.
_NESTING = _BLOCKS | {"span", "td", "th"}
_TOLD_BY_ATTRIBUTES = _NESTING | {"a", "hr"}
_LINKS = ("http://", "https://", "ftp://", "mailto:")


class Place(Enum):
    """What an element's content is to the reader of the mail."""

    SHOWN = auto()
    QUOTED = auto()
    QUOTED_TO_END = auto()  # the element begins a quote that only the document's end ends
    DROPPED = auto()


def hidden(style: str) -> bool:
    """Whether an element with this `style` is not seen at all."""
    return "display:none" in style.replace(" ", "").lower()


def plain_place(name: str, attributes: Mapping[str, str]) -> Place:
    """Blockquotes are quoted, what is not displayed is dropped, all else is shown."""
    if hidden(attributes.get("style", "")):
        return Place.DROPPED
    return Place.QUOTED if name == "blockquote" else Place.SHOWN


def rendered(html: str, place: Callable[[str, Mapping[str, str]], Place] = plain_place) -> str:
    """The text of `html`: blocks as lines, "> " before quoted ones, a link as "text (url)".

    MAX_MARKUP characters are looked at; any input is taken. `place` says, of an element's name and
    attributes, whether its content is quoted or left out.
    """
    page = _Page(place)
    for token in islice(tokens(html[:MAX_MARKUP]), MAX_TOKENS):
        if page.is_full():
            break
        if isinstance(token, str):
            page.write(token)
        elif token.closing:
            page.close(token.name)
        else:
            page.open(token)
    return page.text()


class _Page:
    """The lines written so far, and the elements that are open."""

    def __init__(self, place: Callable[[str, Mapping[str, str]], Place]) -> None:
        self._place = place
        self._lines: list[str] = []
        self._line: list[str] = []
        self._line_depth = 0  # quote marks of the line being written
        self._space = False  # white space stands between what is written and what comes
        self._margin = False  # an empty line is due before what comes
        self._open: list[tuple[str, Place]] = []
        self._names: Counter[str] = Counter()
        self._places: Counter[Place] = Counter()
        self._lists: list[int] = []  # the next number of each open list; -1: bullets
        self._link: tuple[str, list[str]] | None = None  # target, and the text written since

    def is_full(self) -> bool:
        return len(self._lines) >= MAX_LINES

    def text(self) -> str:
        self._end_line()
        return "\n".join(self._lines[:MAX_LINES]).strip("\n")

    def write(self, source: str) -> None:
        if self._places[Place.DROPPED]:
            return
        text = decoded(source)
        if self._names["pre"]:
            self._write_lines(text)
        elif words := " ".join(text.split()):
            self._put(words, after_space=text[0].isspace())
            self._space = text[-1].isspace()
        elif text:
            self._space = True

    def open(self, tag: Tag) -> None:
        name = tag.name
        if name == "br":
            self._break()
            return
        told = attributes(tag) if "=" in tag.source and name in _TOLD_BY_ATTRIBUTES else {}
        if name in _BLOCKS or name == "hr":
            self._start_block(name)
        if name in _NESTING or name == "hr":
            self._enter(name, self._place(name, told))
        if name in ("ul", "ol"):
            self._lists.append(-1 if name == "ul" else 1)
        elif name == "li":
            self._start_item()
        elif name == "a" and "href" in told:
            self._link = (told["href"], [])

    def close(self, name: str) -> None:
        if name == "a":
            self._end_link()
        if name in ("td", "th"):
            self._space = True
        if name in ("ul", "ol") and self._lists:
            self._lists.pop()
        while self._names[name]:
            inner, place = self._open.pop()
            self._names[inner] -= 1
            if inner in _BLOCKS:
                self._end_line()
                self._margin = self._margin or inner in _PARAGRAPHS
            self._places[place] -= 1
            if inner == name:
                break

    def _enter(self, name: str, place: Place) -> None:
        if place is Place.QUOTED_TO_END:
            # Inside a quote the mark of an older reply says nothing about this one.
            self._places[place] += not self._places[Place.QUOTED]
            place = Place.SHOWN
        if name != "hr":
            self._open.append((name, place))
            self._names[name] += 1
            self._places[place] += 1

    def _start_block(self, name: str) -> None:
        if self._open and self._open[-1][0] == "p":
            self.close("p")
        self._end_line()
        self._margin = self._margin or name in _PARAGRAPHS

    def _start_item(self) -> None:
        if not self._lists or self._lists[-1] < 0:
            self._put("- ", after_space=False)
        else:
            self._put(f"{self._lists[-1]}. ", after_space=False)
            self._lists[-1] += 1

    def _depth(self) -> int:
        marks = self._places[Place.QUOTED] + (self._places[Place.QUOTED_TO_END] > 0)
        return min(marks, MAX_MARKS)

    def _put(self, text: str, *, after_space: bool) -> None:
        if self._places[Place.DROPPED]:
            return
        if not self._line:
            above, self._line_depth = self._line_depth, self._depth()
            if self._margin and self._lines:
                self._lines.append(_marked("", min(above, self._line_depth)))
            self._margin = False
        elif after_space or self._space:
            self._line.append(" ")
        self._space = False
        self._line.append(text)
        if self._link:
            self._link[1].append(text)

    def _write_lines(self, text: str) -> None:
        for number, line in enumerate(text.split("\n", MAX_LINES)):
            if number:
                self._break()
            if line:
                self._put(line, after_space=False)

    def _end_line(self) -> None:
        if self._line:
            self._lines.append(_marked("".join(self._line), self._line_depth))
            self._line.clear()
        self._space = False

    def _break(self) -> None:
        if self._places[Place.DROPPED]:
            return
        if self._line:
            self._end_line()
        else:
            self._line_depth = self._depth()
            self._lines.append(_marked("", self._line_depth))

    def _end_link(self) -> None:
        if self._link is None:
            return
        (target, texts), self._link = self._link, None
        url, text = "".join(target.split()), "".join(texts)
        if text and url.lower().startswith(_LINKS) and _bare(url) != _bare(text):
            self._put(f"({url})", after_space=True)


def _marked(line: str, depth: int) -> str:
    return ("> " * depth + line).rstrip()


def _bare(link: str) -> str:
    """A link as people read it: without scheme and closing slash."""
    for scheme in _LINKS:
        link = link.removeprefix(scheme)
    return link.rstrip("/").casefold()
