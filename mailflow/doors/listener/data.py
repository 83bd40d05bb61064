"""The bytes after DATA: where they end, what is refused, what is kept (RFC 5321 section 4.5.2).

Only CRLF.CRLF ends a message. Whoever takes another mark for the end can be made to see two
messages where the relay before it saw one (SMTP smuggling), so lines of one dot with any other line
ends are refused, and so are NUL and CR without LF. LF without CR anywhere else is a line end, since
real mailers send it; it becomes CRLF before anything is kept.
"""

import re
from contextlib import suppress
from typing import IO

from mailflow.mail.spooled import Content, Spooled

# The line end of the command itself: an empty message has no other before its dot.
_FIRST = b"\r\n"
_END = b"\r\n.\r\n"
_DOTTED = b"\r\n."
# The tail of a block that may be the beginning of an end mark, a doubled dot, or a line end.
_UNDECIDED = re.compile(rb"(?:\r?\n\.?)?\r?\Z")

# At the end of a block its LF may be still to come.
_LONE_CR = re.compile(rb"\r(?!\n|\Z)")

_HEADER_SIZE = 128 * 1024  # bytes
_HEADER_LINES = 1000

IN_MEMORY = 256 * 1024
"""Bytes of a message; what has more should be kept on a disk: many clients may be slow."""

TOO_BIG = "552 5.3.4 message too big"
FORBIDDEN = "554 5.6.0 NUL, a lone CR, or a line of one dot that CRLF does not enclose"
HEADER_TOO_BIG = "554 5.6.0 header too big"


class DataStream:
    """Takes blocks as they arrive, cut anywhere, and writes the message to `kept`, in linear time.

    `ended` once the end mark was seen; `refusal` is the reply to a message that is not taken, of
    which nothing is kept; `size` is how many bytes of it came, a doubled dot counted once (RFC 1870).
    """

    def __init__(self, limit: int, kept: IO[bytes]) -> None:
        self.ended = False
        self.refusal: str | None = None
        self.size = -len(_FIRST)
        self._limit = limit
        self._kept = kept
        self._written = 0
        self._undecided = _FIRST

    def feed(self, block: bytes) -> bytes:
        """Takes the next block; returns what of it came after the end mark."""
        block = self._undecided + block
        # Without one there is no end, no doubled dot, no line of one dot: one search instead of five.
        has_dots = b"." in block and block.rfind(b"\n.") >= 0  # from the end it takes half as long
        end = block.find(_END) if has_dots else -1
        if end >= 0:
            self._keep(block[: end + 2], end + 2, has_dots)
            self._check_header()
            self.ended = True
            return block[end + len(_END) :]
        tail = _UNDECIDED.search(block, max(len(block) - len(_END) + 1, 0))
        cut = tail.start() if tail else len(block)
        self._keep(block, cut, has_dots)
        self._undecided = block[cut:]
        return b""

    def content(self) -> Content:
        """The message without doubled dots, all its line ends CRLF; one that is big as long as `kept` is open."""
        spooled = Spooled(self._kept, len(_FIRST), self._written - len(_FIRST))
        return bytes(spooled) if len(spooled) <= IN_MEMORY else spooled

    def _keep(self, block: bytes, cut: int, has_dots: bool) -> None:
        """Judges `block` as a whole, and keeps what stands before `cut`; some lines may begin with dots."""
        kept = block[:cut]
        dotted = kept.count(_DOTTED) if has_dots else 0
        self.size += cut - dotted
        if self.refusal is not None:
            return
        is_mixed = block.count(b"\n") > block.count(b"\r") - block.endswith(b"\r")
        # Where every LF has its CR a line of one dot would be the end mark.
        if b"\0" in block or _LONE_CR.search(block) or (is_mixed and _has_line_of_one_dot(block)):
            self.refuse(FORBIDDEN)
            return
        if dotted:
            kept = kept.replace(_DOTTED, b"\r\n")
        if is_mixed:
            kept = kept.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        self._written += self._kept.write(kept)
        if self._written > len(_FIRST) + self._limit:
            self.refuse(TOO_BIG)

    def _check_header(self) -> None:
        self._kept.seek(0)
        start = self._kept.read(len(_FIRST) + _HEADER_SIZE + 4)
        end = start.find(b"\r\n\r\n")
        if end < 0:
            end = len(start)
        if end > len(_FIRST) + _HEADER_SIZE or start.count(b"\r\n", 0, end) > _HEADER_LINES:
            self.refuse(HEADER_TOO_BIG)

    def close(self) -> None:
        """Nothing of the message can be read any more."""
        with suppress(OSError):  # of a full disk, which is to take what was not written yet
            self._kept.close()

    def refuse(self, reply: str) -> None:
        """Keeps nothing of the message, which is heard out."""
        self.refusal = reply
        self._kept.seek(0)
        self._kept.truncate()
        self._written = len(_FIRST)


def _has_line_of_one_dot(block: bytes) -> bool:
    return b"\n.\n" in block or b"\n.\r\n" in block
