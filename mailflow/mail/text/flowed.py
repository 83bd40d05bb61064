"""Paragraphs of text/plain; format=flowed (RFC 3676)."""

import re
from collections.abc import Iterator
from itertools import groupby

SIGNATURE_MARK = "-- "

_LINE = re.compile(r"(>*) ?(.*)", re.DOTALL)


def join_flowed(text: str, *, delete_space: bool) -> str:
    """`text` with each paragraph on one line, quoted ones after `>` for each level and a blank.

    `delete_space` is the DelSp parameter: the blank at a line's end was put there by the wrapping.
    """
    lines = (_stripped_line(line) for line in text.split("\n"))
    return "\n".join(
        f"{'>' * depth} {paragraph}".rstrip() if depth else paragraph
        for depth, group in groupby(lines, key=lambda line: line[0])
        for paragraph in _paragraphs((content for _, content in group), delete_space)
    )


def _stripped_line(line: str) -> tuple[int, str]:
    """The depth of quoting, and what is said there: sections 4.4 and 4.5."""
    marks, content = _LINE.fullmatch(line).groups()  # type: ignore[union-attr]
    return len(marks), content


def _paragraphs(lines: Iterator[str], delete_space: bool) -> Iterator[str]:
    open_lines: list[str] = []
    for line in lines:
        if line == SIGNATURE_MARK and open_lines:
            yield "".join(open_lines).rstrip()
            open_lines = []
        flows = line.endswith(" ") and line != SIGNATURE_MARK
        open_lines.append(line[:-1] if flows and delete_space else line)
        if not flows:
            yield "".join(open_lines)
            open_lines = []
    if open_lines:
        yield "".join(open_lines).rstrip()
