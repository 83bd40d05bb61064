"""What a reader is asked to do with a mail, in a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from mailflow.mail.copies.relaying import relayed


@dataclass(frozen=True, slots=True)
class Reading:
    """Read it: a mail to `domain`, with this envelope sender, None where not known."""

    domain: str
    sender: str | None


@dataclass(frozen=True, slots=True)
class Relaying:
    """Make the body of a copy of it, as `relayed` does from these."""

    cut: tuple[str, ...] = ()
    footer: str = ""
    inert: Callable[[str], str] | None = None

    def body(self, raw: bytes) -> bytes:
        """MIME fields and content of the copy. Raises `Unreadable`."""
        return relayed(raw, cut=self.cut, footer=self.footer, inert=self.inert)
