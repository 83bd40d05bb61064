"""Content lines, written: short, and a value in them is no more than a value (RFC 5545 section 3.1).

Done by hand, since an invite is written for each recipient, and icalendar takes two milliseconds for one.
"""

import re
from collections.abc import Mapping

from mailflow.errors import UnsafeValue

_ROOM = 74  # octets: a line has at most 75, and begins with a blank where it goes on
_WITHIN_A_LETTER = 0b1000_0000  # the first bits of all octets of a letter in UTF-8 but its first
_TOKEN = re.compile(r"[A-Za-z0-9-]+")
_NEVER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_ESCAPE = re.compile(rb"(?:\\\\|\^\^)*[\\^]\Z")


def content_line(name: str, value: str, parameters: Mapping[str, str]) -> bytes:
    """A property, folded, with its CRLF. Raises UnsafeValue for what a line or a parameter cannot hold."""
    written = [f";{key}={_parameter(text)}" for key, text in parameters.items()]
    line = f"{name}{''.join(written)}:{value}"
    if _NEVER.search(line):
        raise UnsafeValue(f"{line!r} has a control character")
    return _folded(line.encode()) + b"\r\n"


def escaped(text: str) -> str:
    """The value of a TEXT (RFC 5545 section 3.3.11)."""
    return text.translate(_ESCAPES)


def _parameter(text: str) -> str:
    """The value of a parameter; of what it cannot hold as it is, RFC 6868 spells the caret alone here."""
    if '"' in text:
        raise UnsafeValue(f"{text!r} cannot stand between quotation marks")
    return text if _TOKEN.fullmatch(text) else '"{}"'.format(text.replace("^", "^^"))


def _folded(line: bytes) -> bytes:
    pieces, begin = [], 0
    while len(line) - begin > _ROOM:
        end = begin + _ROOM
        while line[end] & 0b1100_0000 == _WITHIN_A_LETTER:
            end -= 1
        if _ESCAPE.search(line, begin, end):  # some undo escapes line by line
            end -= 1
        pieces.append(line[begin:end])
        begin = end
    return b"\r\n ".join([*pieces, line[begin:]])
