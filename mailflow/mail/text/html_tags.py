"""HTML split into text and tags, in one pass that never looks at a character many times.

Mail is written by strangers: unclosed quotes, comments that never end and floods of `<` are read as some
browser might, but always in linear time. Each search that failed is remembered, so that it is not made again.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple

MAX_ATTRIBUTES = 2_000  # characters of one tag looked at; images inside are longer, and say nothing

_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:]*+)(?=[\s/>])")
# A quote mark opens a value only after "="; possessive groups never try the same tag a second way.
_REST = re.compile(r"""((?:[^>=]++|=\s*+"[^"]*+"|=\s*+'[^']*+'|=)*+)>""")
_REST_UNQUOTED = re.compile(r"([^>]*+)>")
_ATTRIBUTE = re.compile(
    r"""(?<![^\s"'/])(class|id|name|type|style|href|start)\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s"'>]++)""",
    re.IGNORECASE,
)
# Bounded, because int() refuses thousands of digits.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?")
_SILENT = {
    name: re.compile(f"</{name}", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea")
}


class Tag(NamedTuple):
    """A start or end tag: the name in lower case, and what stands between name and `>`, as it is."""

    name: str
    closing: bool
    source: str


def decoded(source: str) -> str:
    """`source` with its character references replaced (HTML 4.01 and 5 names, decimal, hexadecimal)."""
    return _ENTITY.sub(lambda match: unescape(match[0]), source) if "&" in source else source


def attributes(tag: Tag) -> Mapping[str, str]:
    """The decoded values of those attributes that say what an element is; the first of a name wins."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(tag.source, 0, MAX_ATTRIBUTES):
        found.setdefault(match[1].lower(), decoded(match[2].strip("\"'")))
    return found


def tokens(html: str) -> Iterator[str | Tag]:
    """Text as it stands in the source, and tags; without comments, scripts, styles and the title."""
    rest, comment_end = _REST, "-->"
    position = search = 0  # text begins at the one, the next tag is looked for from the other
    while (start := html.find("<", search)) >= 0:
        name = _NAME.match(html, start)
        if name:
            match = rest.match(html, name.end())
            if match is None and rest is _REST:
                rest = _REST_UNQUOTED
                match = rest.match(html, name.end())
            if match is None:
                break
            tag = Tag(name[1].lower(), html[start + 1] == "/", match[1])
            if start > position:
                yield html[position:start]
            yield tag
            position = search = _after(html, tag, match.end())
        elif html.startswith(("<!", "<?", "</"), start):
            end = start
            if html.startswith("<!--", start):
                end = html.find(comment_end, start + 2)
                comment_end = comment_end if end >= 0 else ">"
            end = html.find(">", max(end, start))
            if end < 0:
                break
            if start > position:
                yield html[position:start]
            position = search = end + 1
        else:
            search = start + 1
    if position < len(html):
        yield html[position:]


def _after(html: str, tag: Tag, position: int) -> int:
    """Where reading goes on: behind the content of a script, style or title, else at once."""
    if tag.closing or tag.name not in _SILENT:
        return position
    end = _SILENT[tag.name].search(html, position)
    return end.start() if end else len(html)
