"""What a copy changes in an HTML text: commands cut at its top, a footer at its end.

The HTML is somebody else's and stays as it is, well-formed or not: it is never parsed into a
tree and written out again. Each pass is linear.
"""

import html
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mailflow.mail.copies.copied_plain import COMMAND_LINES, squeezed

_TOKEN = re.compile(r"<[!/?a-z][^<>]*>|[^<]+|<", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([!?a-z][^\s/<>]*)[^<>]*>", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^<>]*>", re.IGNORECASE)
_END = re.compile(r"(?:</body\s*>\s*)?</html\s*>|</body\s*>", re.IGNORECASE)
# What begins and ends a line on the screen; every other tag stands within one.
_BLOCK = re.compile(
    r"address|article|blockquote|body|br|center|d[dlt]|div|fig(?:ure|caption)|footer|form|h[1-6]"
    r"|head|header|hr|html|li|main|[ou]l|p|pre|section|style|t(?:able|body|d|foot|h|head|itle|r)",
    re.IGNORECASE,
)
_VOID = frozenset({"img", "wbr", "input"})


@dataclass(frozen=True, slots=True)
class _Line:
    """A range of the HTML that shows as one line, with the `<br>` that ends it."""

    start: int
    end: int
    text: str
    tags: tuple[str, ...]


def without_lines(source: str, commands: Collection[str]) -> str | None:
    """`source` without those of its first ten lines that are one of the `commands` (squeezed).

    None, if a command can be read in it, but not as a line of its own.
    """
    kept: list[str] = []
    missing = set(commands)
    at = 0
    for line in _first_lines(source):
        if squeezed(line.text) in commands:
            kept += [source[at : line.start], *_unpaired(line.tags)]
            at = line.end
            missing.discard(squeezed(line.text))
    left = "".join(kept) + source[at:]
    shown = squeezed(html.unescape(_TAG.sub("", left))) if missing else ""
    return None if any(command in shown for command in missing) else left


def with_footer(source: str, footer: str) -> str:
    """`source` with `footer` as a small paragraph at its end."""
    lines = "<br>\n".join(html.escape(line) for line in footer.strip().splitlines())
    paragraph = f'<p style="font-size:small;color:#666">{lines}</p>\n'
    ends = [match.start() for match in _END.finditer(source)]
    at = ends[-1] if ends else len(source)
    return source[:at] + paragraph + source[at:]


def from_plain(text: str) -> str:
    """A plain text in HTML, its lines and blanks kept."""
    return f'<div style="white-space:pre-wrap">{html.escape(text)}</div>\n'


def _first_lines(source: str) -> Iterator[_Line]:
    body = _BODY.search(source)
    filled = 0
    for line in _lines(source, body.end() if body else 0):
        if line.text.strip():
            yield line
            filled += 1
        if filled == COMMAND_LINES:
            return


def _lines(source: str, start: int) -> Iterator[_Line]:
    text: list[str] = []
    tags: list[str] = []
    for token in _TOKEN.finditer(source, start):
        tag = _TAG.fullmatch(token[0])
        if tag is None:
            text.append(token[0])
        elif not _BLOCK.fullmatch(tag[2]):
            tags.append(token[0])
        else:
            end = token.end() if tag[2].lower() == "br" else token.start()
            yield _Line(start, end, html.unescape("".join(text)), tuple(tags))
            start, text, tags = token.end(), [], []
    yield _Line(start, len(source), html.unescape("".join(text)), tuple(tags))


def _unpaired(tags: tuple[str, ...]) -> list[str]:
    """The tags that end outside the line, or began there: without them the rest is unbalanced."""
    left: list[str] = []
    for tag in tags:
        name = _name(tag)
        if left and name == "/" + _name(left[-1]):
            left.pop()
        elif name not in _VOID and name[0] not in "!?":
            left.append(tag)
    return left


def _name(tag: str) -> str:
    parts = _TAG.fullmatch(tag)
    return (parts[1] + parts[2]).lower() if parts else ""
