"""The header fields of a mail as they came, and their text.

`email.message` keeps a value with its folds, its encoded words and, as lone surrogates, its 8-bit
octets: that is what `raw` means in this room.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailflow.mail.text import encoded_words
from mailflow.mail.text.charsets import decoded


def unfold(raw: str) -> str:
    """`raw` without its line breaks (RFC 5322, section 2.2.3)."""
    return raw.replace("\r", "").replace("\n", "")


def octets(raw: str) -> bytes:
    """The octets that `raw` was read from."""
    return raw.encode("utf-8", "surrogateescape")


def letters(raw: str) -> str:
    """The letters of `raw`, unfolded: 8-bit ones as UTF-8, else as Windows-1252."""
    return decoded(octets(unfold(raw)))


def header_text(raw: str) -> str:
    """The text of `raw`: its letters, with encoded words read (RFC 2047)."""
    return encoded_words.decode(letters(raw))


@dataclass(frozen=True, slots=True)
class RawHeaders:
    """All fields in their order, topmost first; names in lower case."""

    fields: Sequence[tuple[str, str]]
    _by_name: Mapping[str, Sequence[str]]

    def values(self, *names: str) -> tuple[str, ...]:
        """Every raw value of the fields called one of `names`, name by name."""
        return tuple(value for name in names for value in self._by_name.get(name, ()))

    def text(self, name: str) -> str:
        """The text of the first field called `name`, stripped; empty if there is none."""
        return header_text(next(iter(self.values(name)), "")).strip()

    def __contains__(self, name: str) -> bool:
        return name in self._by_name


def raw_headers(items: Iterable[tuple[str, str]]) -> RawHeaders:
    """The fields of a message, from what its `raw_items()` yields."""
    fields = [(name.lower(), value) for name, value in items]
    by_name: dict[str, list[str]] = {}
    for name, value in fields:
        by_name.setdefault(name, []).append(value)
    return RawHeaders(fields, by_name)
