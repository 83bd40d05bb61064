"""Limits on what is parsed at all: on the raw bytes first, then while the parts are found."""

import re
from dataclasses import dataclass
from email.message import Message
from typing import Any

from mailflow.errors import Unreadable
from mailflow.mail.wire.mime_parts import MAX_DEPTH, MAX_PARTS

MAX_HEADER_OCTETS = 256 * 1024
MAX_HEADER_LINES = 1_000
# `email` reads the parameters of these fields in quadratic time (CPython issue 87075).
MAX_MIME_FIELD = 4_096
MAX_MIME_FIELDS = 256 * 1024

_HEADER_END = re.compile(rb"\n\r?\n|\r\r")


@dataclass(slots=True)
class _Tally:
    """What one mail has had so far, shared by its parts."""

    parts: int = 1
    mime_octets: int = 0


class BoundedMessage(Message):
    """A message that raises Unreadable when the parser gives it more than the limits allow."""

    def __init__(self, policy: Any = None) -> None:
        super().__init__(**({"policy": policy} if policy else {}))
        self.depth = 0
        self.tally = _Tally()

    def attach(self, payload: Any) -> None:
        """Take a part, unless it is one too many or too deep."""
        payload.depth, payload.tally = self.depth + 1, self.tally
        self.tally.parts += 1
        if payload.depth > MAX_DEPTH:
            raise Unreadable(f"parts nested more than {MAX_DEPTH} deep")
        if self.tally.parts > MAX_PARTS:
            raise Unreadable(f"more than {MAX_PARTS} parts")
        super().attach(payload)

    def set_raw(self, name: str, value: str) -> None:
        """Take a header field, unless there are too many or it describes the part too long."""
        if len(self) >= MAX_HEADER_LINES:
            raise Unreadable(f"more than {MAX_HEADER_LINES} header fields in one part")
        if name.lower().startswith("content-"):
            self.tally.mime_octets += len(value)
            if len(value) > MAX_MIME_FIELD or self.tally.mime_octets > MAX_MIME_FIELDS:
                raise Unreadable("parts described at too great length")
        super().set_raw(name, value)


def check_header_block(raw: bytes) -> None:
    """Raise Unreadable if the header block of the mail has over 256 KiB or 1,000 lines."""
    start = raw[: MAX_HEADER_OCTETS + 4]
    end = _HEADER_END.search(start)
    block = start[: end.start()] if end else start
    if len(block) > MAX_HEADER_OCTETS:
        raise Unreadable(f"a header of more than {MAX_HEADER_OCTETS // 1024} KiB")
    if max(block.count(b"\n"), block.count(b"\r")) >= MAX_HEADER_LINES:
        raise Unreadable(f"a header of more than {MAX_HEADER_LINES} lines")
