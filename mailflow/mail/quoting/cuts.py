"""What of a plain text its author wrote: the lines that are left when all others are cut."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from mailflow.mail.quoting.introductions import Introduction, introductions
from mailflow.mail.quoting.known import Parents
from mailflow.mail.quoting.lines import Kind, Line, typed
from mailflow.mail.quoting.signatures import footer, link_list, signed

# How s-nail and others mark a quote. Below an introduction only: elsewhere it is somebody's table.
_UNUSUAL_MARK = re.compile(r"\t| ?\||[A-Za-z]{1,3}>")


@dataclass(frozen=True, slots=True)
class Own:
    """The author's text, and whether there was a quote to be cut from it."""

    text: str
    had_quote: bool


def own(text: str, parents: Parents) -> Own:
    """What of `text` neither is nor introduces a quote, and is no signature."""
    lines = typed(text)
    known = parents.lines_in(lines)
    for index in known:
        lines[index] = replace(lines[index], kind=Kind.QUOTE)
    introduced = introductions(lines)
    quoted = _quoted(lines, introduced) | _rest_of_known(lines, introduced, known, parents)
    cut = quoted | signed(lines, quoted) | set(footer(lines))
    if quoted:
        cut |= set(link_list(lines))
    return Own(_joined(lines, cut), bool(quoted))


def _quoted(lines: Sequence[Line], introduced: Mapping[int, Introduction]) -> set[int]:
    quoted = {index for index, line in enumerate(lines) if line.kind is Kind.QUOTE}
    above = _first_filled(lines, 0)
    for introduction in introduced.values():
        end = _quote_end(lines, introduction, introduced)
        if end == len(lines) and introduction.start == above and introduction.is_attribution:
            end = introduction.end  # the answer can only be what stands below
        quoted.update(range(introduction.start, end))
        if end == len(lines):
            break
    return quoted


def _rest_of_known(
    lines: Sequence[Line],
    introduced: Mapping[int, Introduction],
    known: Container[int],
    parents: Parents,
) -> set[int]:
    """What else belongs to a parent's text that follows its introduction without marks.

    Between lines of the parent, only what differs from it is an answer; behind the last one nothing is.
    """
    rest: set[int] = set()
    for introduction, stop in zip(introduced.values(), [*introduced, len(lines)][1:], strict=True):
        body = range(_first_filled(lines, introduction.end), stop)
        if not body or body[0] not in known or _is_marked(lines[body[0]]):
            continue
        last = max(index for index in body if index in known)
        rest.update(index for index in body if index > last or parents.resembles(lines[index]))
    return rest


def _is_marked(line: Line) -> bool:
    return line.bare.startswith(">") or _UNUSUAL_MARK.match(line.text) is not None


def _quote_end(
    lines: Sequence[Line], introduction: Introduction, introduced: Mapping[int, Introduction]
) -> int:
    """Behind the last line that `introduction` makes a quote; its start if it is none after all."""
    below = _first_filled(lines, introduction.end)
    if below < len(lines):
        next_one = introduced.get(below)
        # First: lines that are known from a parent count as quoted, but only the mark tells where the quote ends.
        if _UNUSUAL_MARK.match(lines[below].text):
            return _marked_end(lines, below)
        if lines[below].kind is Kind.QUOTE or (next_one and next_one.certain):
            return introduction.end
    return len(lines) if introduction.certain else introduction.start


def _first_filled(lines: Sequence[Line], start: int) -> int:
    while start < len(lines) and lines[start].kind is Kind.BLANK:
        start += 1
    return start


def _marked_end(lines: Sequence[Line], start: int) -> int:
    end = start
    for index in range(start, len(lines)):
        if _UNUSUAL_MARK.match(lines[index].text):
            end = index + 1
        elif lines[index].kind is not Kind.BLANK:
            break
    return end


def _joined(lines: Sequence[Line], cut: Container[int]) -> str:
    """The lines that are not cut, with one empty line where something was."""
    kept: list[Line] = []
    at_seam = False
    for index, line in enumerate(lines):
        if index in cut:
            _drop_last(kept, Kind.BLANK, Kind.RULE, Kind.DASHED)
            at_seam = True
        elif at_seam and line.kind is not Kind.BLANK:
            kept += [Line("", "", Kind.BLANK), line]
            at_seam = False
        elif not at_seam:
            kept.append(line)
    _drop_last(kept, Kind.BLANK, Kind.RULE)
    return trimmed("\n".join(line.text for line in kept))


def _drop_last(kept: list[Line], *kinds: Kind) -> None:
    while kept and kept[-1].kind in kinds:
        kept.pop()


def trimmed(text: str) -> str:
    """`text` without empty lines at its ends; the first line keeps its indentation."""
    lines = text.rstrip().split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(lines[first:])
