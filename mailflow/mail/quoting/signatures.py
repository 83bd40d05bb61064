"""What stands below the author's words without being theirs: signatures and the footers of servers."""

import re
from collections.abc import Container, Sequence

from mailflow.mail.quoting.languages import FOOTERS
from mailflow.mail.quoting.lines import Kind, Line

_MAX_SIGNATURE = 20  # filled lines below "--", not quite the "-- " of RFC 3676, section 4.3
_MAX_UNUSUAL = 6  # filled lines below another delimiter, which may as well part paragraphs
_MAX_FOOTER = 15  # filled lines
_LINK = re.compile(r"\[\d{1,4}\]\s?\S")


def signed(lines: Sequence[Line], quoted: Container[int]) -> set[int]:
    """The indices of signatures, each of which ends where a quote begins."""
    found: set[int] = set()
    index = 0
    while index < len(lines):
        start = index
        index += 1
        if start in quoted:
            continue
        kind = lines[start].kind
        if kind is Kind.DELIMITER and _is_signature(lines, start, quoted):
            while index < len(lines) and index not in quoted:
                index += 1
            found.update(range(start, index))
        elif kind is Kind.DEVICE and _stands_apart(lines, start):
            found.add(start)
    return found


def _is_signature(lines: Sequence[Line], start: int, quoted: Container[int]) -> bool:
    """A signature is short, unless the standard's own delimiter tells it."""
    delimiter = lines[start]
    if delimiter.text == "-- ":
        return True
    most = _MAX_SIGNATURE if delimiter.bare.endswith("--") else _MAX_UNUSUAL
    filled = 0
    for index in range(start + 1, len(lines)):
        if index in quoted or filled > most:
            break
        filled += lines[index].kind is not Kind.BLANK
    return filled <= most


def _stands_apart(lines: Sequence[Line], index: int) -> bool:
    """Whether "Sent from ..." is not a line in the middle of a paragraph."""
    above = lines[index - 1].kind if index else Kind.BLANK
    below = lines[index + 1].kind if index + 1 < len(lines) else Kind.BLANK
    return Kind.TEXT not in (above, below) or Kind.BLANK in (above, below)


def footer(lines: Sequence[Line]) -> range:
    """The indices of what a list server or a virus scanner put below the last rule."""
    filled = 0
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index]
        if line.kind is Kind.RULE:
            below = " ".join(line.bare for line in lines[index + 1 :]).casefold()
            if any(phrase in below for phrase in FOOTERS):
                return range(index, len(lines))
            break
        filled += line.kind is not Kind.BLANK
        if filled > _MAX_FOOTER or line.kind is Kind.QUOTE:
            break
    return range(0)


def link_list(lines: Sequence[Line]) -> range:
    """The indices of the closing list "[1] https://..." to which Roundcube moves a quote's links."""
    index = len(lines) - 1
    while index > 0 and (lines[index].kind is Kind.BLANK or _LINK.match(lines[index].bare)):
        index -= 1
    if index > 0 and lines[index].kind is Kind.RULE and lines[index - 1].bare == "Links:":
        return range(index - 1, len(lines))
    return range(0)
