"""What a reader is asked to do with a mail, in a process of its own, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass

from mailflow.mail.copies.relaying import relayed
from mailflow.mail.wire.body_hashes import relaxed_hash


@dataclass(frozen=True, slots=True)
class Reading:
    """Read it: a mail to `domain`, with this envelope sender."""

    domain: str
    sender: str


@dataclass(frozen=True, slots=True)
class Relaying:
    """Make the body of a copy of it, as `relayed` does from these."""

    cut: tuple[str, ...] = ()
    footer: str = ""
    inert: Callable[[str], str] | None = None

    def body(self, raw: bytes) -> bytes:
        """MIME fields and content of the copy. Raises `Unreadable`."""
        return relayed(raw, cut=self.cut, footer=self.footer, inert=self.inert)


@dataclass(frozen=True, slots=True)
class Outline:
    """What a signature needs of a body: its MIME fields with the empty line, and the hash of what follows."""

    head: bytes
    body_hash: bytes


def outline(body: bytes) -> Outline:
    """The outline of MIME fields and content."""
    end = 2 if body.startswith(b"\r\n") else body.index(b"\r\n\r\n") + 4
    return Outline(body[:end], relaxed_hash(body[end:]))
