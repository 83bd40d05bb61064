"""The bytes after DATA: where they end, what is refused, what is kept (RFC 5321 section 4.5.2).

Only CRLF.CRLF ends a message. Whoever takes another mark for the end can be made to see two
messages where the relay before it saw one (SMTP smuggling), so lines of one dot with any other line
ends are refused, and so are NUL and CR without LF. LF without CR anywhere else is a line end, since
real mailers send it; it becomes CRLF before anything is kept.
"""

import re
from io import SEEK_END
from typing import IO

from mailflow.mail.spooled import PIECE, Content, Spooled

# The line end of the command itself: an empty message has no other before its dot.
_FIRST = b"\r\n"
_END = b"\r\n.\r\n"
_DOTTED = b"\r\n."
# The tail of a block that may be the beginning of an end mark, a doubled dot, or a line end.
_UNDECIDED = re.compile(rb"(?:\r?\n\.?)?\r?\Z")

_HEADER_SIZE = 128 * 1024  # bytes
_HEADER_LINES = 1000

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
        self._undecided = _FIRST

    def feed(self, block: bytes) -> bytes:
        """Takes the next block; returns what of it came after the end mark."""
        block = self._undecided + block
        end = block.find(_END)
        if end >= 0:
            self._keep(block[: end + 2], end + 2)
            self._check_header()
            self.ended = True
            return block[end + len(_END) :]
        tail = _UNDECIDED.search(block, max(len(block) - len(_END) + 1, 0))
        cut = tail.start() if tail else len(block)
        self._keep(block, cut)
        self._undecided = block[cut:]
        return b""

    def content(self) -> Content:
        """The message without doubled dots, all its line ends CRLF; one that is big as long as `kept` is open."""
        size = self._kept.seek(0, SEEK_END) - len(_FIRST)
        spooled = Spooled(self._kept, len(_FIRST), size)
        return bytes(spooled) if size <= PIECE else spooled

    def _keep(self, block: bytes, cut: int) -> None:
        """Judges `block` as a whole, and keeps what stands before `cut`."""
        self.size += cut - block.count(_DOTTED, 0, cut)
        if self.refusal is not None:
            return
        if _is_forbidden(block):
            self.refuse(FORBIDDEN)
            return
        plain = block[:cut].replace(_DOTTED, b"\r\n")
        self._kept.write(plain.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        if self._kept.tell() > len(_FIRST) + self._limit:
            self.refuse(TOO_BIG)

    def _check_header(self) -> None:
        self._kept.seek(0)
        start = self._kept.read(len(_FIRST) + _HEADER_SIZE + 4)
        end = start.find(b"\r\n\r\n")
        if end < 0:
            end = len(start)
        if end > len(_FIRST) + _HEADER_SIZE or start.count(b"\r\n", 0, end) > _HEADER_LINES:
            self.refuse(HEADER_TOO_BIG)

    def refuse(self, reply: str) -> None:
        """Keeps nothing of the message, which is heard out."""
        self.refusal = reply
        self._kept.seek(0)
        self._kept.truncate()


def _is_forbidden(block: bytes) -> bool:
    """Whether a block has a NUL, a CR without LF but at its end, or a line of one dot."""
    # A pattern that says the same takes ten times as long.
    lone = block.count(b"\r") - block.count(b"\r\n") - block.endswith(b"\r")
    return lone > 0 or b"\0" in block or b"\n.\n" in block or b"\n.\r\n" in block
