"""One header field from a typed value to octets; no value can end its field or begin another.

Foreign text is decoded, cleaned and encoded anew: a reader that mistakes what an encoded word
holds for header lines (CPython before 3.11.10, CVE-2024-6923) finds none in it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailflow.errors import UnsafeValue
from mailflow.mail.addresses import is_address
from mailflow.mail.text import encoded_words
from mailflow.mail.text.cleaning import clean_line

# RFC 5322, section 2.1.1, allows 78 and demands 998; RFC 2047, section 2, allows 76.
_LINE = 76
# A longer word in a subject goes out encoded: that folds anywhere.
_PLAIN_WORD = 60
_ID_OCTETS = 512
_NAME_LETTERS = 120

_TEXT_FIELDS = frozenset({"subject", "thread-topic"})
_ADDRESS_FIELDS = frozenset({"from", "sender", "reply-to", "to", "cc"})

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_LINE_BREAKS = re.compile(r"[\r\n\0]")
_AT_SIGNS = re.compile(r"[@\ufe6b\uff20]")
_NAME_BREAKERS = re.compile(r'["\\<>]')
_PLAIN = re.compile(r"[\x20-\x7e]*")
# Nothing before the at sign makes some readers fail, CPython's for one.
_ID = re.compile(r"(?!@)[!-;=?-~]+")
_VERBATIM = re.compile(rb"[\t\x20-\x7e]*(?:\r\n[\t ]+[\x21-\x7e][\t\x20-\x7e]*)*")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name, as anybody wrote it, and a bare ASCII address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """What stands after the colon in somebody's mail, folds included, without the last CRLF."""

    raw: bytes


Value = str | Mailbox | Verbatim


def field(name: str, value: Value) -> bytes:
    """One field with its CRLF; nothing at all for an empty text.

    Subject and Thread-Topic take any text, address fields a Mailbox; every other field is
    literal ASCII, because Exchange drops an id that it finds in an encoded word. Names and texts
    are cleaned, and any run of blanks is one; nothing else is mended: UnsafeValue is raised.
    """
    if not _FIELD_NAME.fullmatch(name) or name.lower() == "bcc":
        raise UnsafeValue(f"{name!r} cannot be the name of a header field")
    if isinstance(value, Verbatim):
        return _verbatim(name, value.raw)
    words = _words(name, value)
    return _folded(name, words) if words else b""


def ids(bare_ids: Iterable[str]) -> str:
    """The value of References or In-Reply-To: those ids that can stand on the wire literally.

    A sender who makes up an id with an encoded word in it must not keep others from answering.
    """
    return " ".join(f"<{bare}>" for bare in bare_ids if _is_literal_id(bare))


def display_name(name: str) -> str:
    """`name` on one line without what could pass for an address, a quote or a change of direction.

    At most 120 letters; empty, if nothing else was in it.
    """
    plain = _NAME_BREAKERS.sub(" ", clean(name))
    words = (word for word in plain.split() if not _AT_SIGNS.search(word))
    return " ".join(words)[:_NAME_LETTERS].rstrip()


def clean(text: str) -> str:
    """`text` as one line for display, with its encoded words read."""
    return clean_line(encoded_words.decode(text))


def _words(name: str, value: str | Mailbox) -> list[str]:
    """The value in pieces that a fold may come between."""
    if isinstance(value, Mailbox) != (name.lower() in _ADDRESS_FIELDS):
        raise UnsafeValue(f"{name} does not take a {type(value).__name__}")
    if isinstance(value, Mailbox):
        return _mailbox(name, value)
    if _LINE_BREAKS.search(value):
        raise UnsafeValue(f"{name} would hold a line break or NUL: {value[:_LINE]!r}")
    if name.lower() in _TEXT_FIELDS:
        text = clean(value)
        return _text(name, text) if text else []
    return _literal(name, value)


def _mailbox(name: str, mailbox: Mailbox) -> list[str]:
    angle_address = f"<{_address(mailbox.address)}>"
    shown = display_name(mailbox.name)
    if not shown:
        return [angle_address]
    if _PLAIN.fullmatch(shown) and "=?" not in shown:
        return [*f'"{shown}"'.split(" "), angle_address]
    return [*encoded_words.encode(shown, name), angle_address]


def _address(text: str) -> str:
    """`text`, if it is an address of ASCII atoms (RFC 5321, section 4.1.2), else UnsafeValue."""
    if not is_address(text):
        raise UnsafeValue(f"{text[:_LINE]!r} is not an address that mail can be sent to")
    return text


def _text(name: str, text: str) -> list[str]:
    words = text.split(" ")
    plain = _PLAIN.fullmatch(text) and "=?" not in text
    if plain and all(len(word) <= _PLAIN_WORD for word in words):
        return words
    return encoded_words.encode(text, name)


def _literal(name: str, value: str) -> list[str]:
    if not _PLAIN.fullmatch(value) or "=?" in value:
        raise UnsafeValue(f"{name} takes literal ASCII alone: {value[:_LINE]!r}")
    return value.split()


def _folded(name: str, words: list[str]) -> bytes:
    """Never a fold before the first word: some readers take an empty first line for no value."""
    lines = [f"{name}: {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= _LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _verbatim(name: str, raw: bytes) -> bytes:
    literal = name.lower() not in _TEXT_FIELDS | _ADDRESS_FIELDS
    if not _VERBATIM.fullmatch(raw) or (literal and b"=?" in raw):
        raise UnsafeValue(f"{name} cannot be passed on as it stands: {raw[:_LINE]!r}")
    return name.encode("ascii") + b":" + raw + b"\r\n"


def _is_literal_id(bare: str) -> bool:
    return bool(_ID.fullmatch(bare)) and "=?" not in bare and len(bare) <= _ID_OCTETS
