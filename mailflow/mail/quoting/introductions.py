"""Where a quote is introduced: attribution lines, header blocks, dividers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailflow.mail.quoting.attributions import attribution_at
from mailflow.mail.quoting.lines import Kind, Line, header

_MAX_FOLDS = 3  # lines that one header may run over
_MAX_HEADERS = 20


@dataclass(frozen=True, slots=True)
class Introduction:
    """Lines `start` to `end` (exclusive). If not `certain`, only a marked quote right below proves it."""

    start: int
    end: int
    certain: bool
    is_attribution: bool = False


def introductions(lines: Sequence[Line]) -> Mapping[int, Introduction]:
    """All that may introduce a quote, by first line."""
    found: dict[int, Introduction] = {}
    index = floor = 0
    while index < len(lines):
        introduction = _introduction_at(lines, index, floor)
        if introduction:
            found[introduction.start] = introduction
            floor = introduction.end
        index = introduction.end if introduction else index + 1
    return found


def _introduction_at(lines: Sequence[Line], index: int, floor: int) -> Introduction | None:
    """The divider or header block that begins at `index`, or the attribution that ends there."""
    kind = lines[index].kind
    if kind is Kind.DIVIDER:
        return Introduction(index, index + 1, certain=True)
    if kind is Kind.HEADER and (end := _header_block_end(lines, index)):
        return Introduction(index, end, certain=True)
    if attribution := attribution_at(lines, index, floor):
        start, certain = attribution
        return Introduction(start, index + 1, certain, is_attribution=True)
    return None


def _header_block_end(lines: Sequence[Line], start: int) -> int | None:
    """Behind the last line of a block of headers that names an author, or None.

    Without a subject, only an address tells a mail's headers from somebody's "From: Rome / To: Bonn".
    """
    values: dict[str, str] = {}
    last = start
    for index in range(start, min(len(lines), start + _MAX_HEADERS * 2)):
        line = lines[index]
        if index > last + _MAX_FOLDS:
            break
        if line.kind is Kind.HEADER and (told := header(line.bare)):
            role, value = told
            if role in values and role != "other":
                break
            values[role] = value
            last = index
        elif line.kind is Kind.BLANK:
            if index + 1 == len(lines) or lines[index + 1].kind is not Kind.HEADER:
                break
        elif line.kind not in (Kind.TEXT, Kind.DEVICE):
            break
    author = values.get("from", "")
    others = {"subject", "date", "to"} & values.keys()
    if not author or author[0].isdigit() or not others:
        return None
    return last + 1 if "@" in author or {"subject"} < others else None
