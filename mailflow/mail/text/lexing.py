"""Words of a structured header value (RFC 5322, section 3.2), in linear time whatever it holds."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

_QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_COMMENT_STEP = re.compile(r"[()]|\\.", re.DOTALL)
_SPACE = re.compile(r"\s+")
_PAIR = re.compile(r"\\(.)", re.DOTALL)


class Kind(Enum):
    """What a token is."""

    ATOM = "atom"
    QUOTED = "quoted"
    COMMENT = "comment"
    SPACE = "space"
    SPECIAL = "special"


class Token(NamedTuple):
    """A piece of a value, as it stands there."""

    kind: Kind
    text: str

    @property
    def content(self) -> str:
        """What is said: without quotes or brackets, quoted pairs resolved."""
        if self.kind in (Kind.QUOTED, Kind.COMMENT):
            return _PAIR.sub(r"\1", self.text[1:-1])
        return self.text


def lex(value: str, specials: str) -> Iterator[Token]:
    """Cut `value` into tokens that joined give it again; each of `specials` is a token of its own.

    A quote or bracket that nobody closes is a letter like any other, and so is each one after it:
    looking for the end again and again would take quadratic time.
    """
    atom = re.compile(rf'[^\s"({re.escape(specials)}]+')
    enclosed = {'"': _quoted_end, "(": _comment_end}
    position = 0
    while position < len(value):
        start, letter = position, value[position]
        kind = Kind.ATOM
        if match := atom.match(value, start):
            position = match.end()
        elif match := _SPACE.match(value, start):
            kind, position = Kind.SPACE, match.end()
        elif letter in specials:
            kind, position = Kind.SPECIAL, start + 1
        elif letter in enclosed and (end := enclosed[letter](value, start)):
            kind, position = Kind.QUOTED if letter == '"' else Kind.COMMENT, end
        else:
            enclosed.pop(letter, None)
            position = start + 1
        yield Token(kind, value[start:position])


def _quoted_end(value: str, start: int) -> int | None:
    match = _QUOTED.match(value, start)
    return match.end() if match else None


def _comment_end(value: str, start: int) -> int | None:
    depth = 0
    for step in _COMMENT_STEP.finditer(value, start):
        depth += {"(": 1, ")": -1}.get(step[0], 0)
        if depth == 0:
            return step.end()
    return None
