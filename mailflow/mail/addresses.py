"""Mail addresses: read from headers, compared, judged fit to mail to (RFC 5322, section 3.4)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import idna

from mailflow.mail.text.cleaning import clean_line, mark_hidden
from mailflow.mail.text.lexing import Kind, Token, lex
from mailflow.mail.wire.raw_headers import header_text, letters, unfold

# Nobody writes to more people by hand, and each of them costs work further on.
MAX_PEOPLE = 1_000
# RFC 5321, section 4.5.3.1; 254 is what its path of 256 leaves without the brackets.
MAX_ADDRESS_OCTETS = 254
MAX_LOCAL_OCTETS = 64

# No quotes, and no % or !, by which relays of old were told a route.
_ATOM = r"[A-Za-z0-9#$&'*+/=?^_`{|}~\-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_QUOTED_ATOMS = re.compile(rf'"({_ATOM}(?:\.{_ATOM})*)"')


@dataclass(frozen=True, slots=True)
class Person:
    """A name cleaned for display, and an address as it was written; both empty for nobody."""

    name: str
    address: str


@dataclass(slots=True)
class _Item:
    """What stands between two commas of an address list."""

    words: list[Token] = field(default_factory=list)
    bracketed: list[str] = field(default_factory=list)


def split(address: str) -> tuple[str, str]:
    """The local part and the domain, at the last `@`; without one all is local part."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (address, "")


def normalise(address: str) -> str:
    """The form by which addresses are compared: lower case, the domain in A-labels (IDNA)."""
    address = address.strip()
    local, domain = split(address)
    local = local if domain else address
    if quoted := _QUOTED_ATOMS.fullmatch(local):
        local = quoted[1]
    folded = unicodedata.normalize("NFC", local[:MAX_ADDRESS_OCTETS].lower())
    return f"{folded}@{_a_labels(domain)}" if domain else folded


def is_address(text: str) -> bool:
    """Whether we may mail to `text`: plain ASCII words at a domain, no route, no literal, no quotes.

    Neither door speaks SMTPUTF8 (RFC 6531): an international domain is written in its A-labels.
    """
    return (
        _ADDRESS.fullmatch(text) is not None
        and len(text) <= MAX_ADDRESS_OCTETS
        and len(split(text)[0]) <= MAX_LOCAL_OCTETS
    )


def people(raw_header_values: Sequence[str]) -> tuple[Person, ...]:
    """The mailboxes of raw address lists, in order, the first 1,000.

    Groups are opened, routes dropped, names may stand in comments. Where it is not plain which
    of several addresses is meant, each of them is returned.
    """
    found: list[Person] = []
    for value in raw_header_values:
        for item in _items(unfold(value)):
            found += _mailboxes(item)
            if len(found) >= MAX_PEOPLE:
                return tuple(found[:MAX_PEOPLE])
    return tuple(found)


def _a_labels(domain: str) -> str:
    plain = domain[:MAX_ADDRESS_OCTETS].rstrip(".").lower()
    if plain.isascii():
        return plain
    try:
        return idna.encode(plain, uts46=True).decode()
    except UnicodeError:  # such a domain cannot be; what it is made of is seen all the same
        return plain.encode("ascii", "backslashreplace").decode().lower()


def _items(value: str) -> Iterator[_Item]:
    item, inside = _Item(), False
    for token in lex(value, ",;:<>"):
        ends_item = token.text in ",;" and not (inside and item.bracketed[-1].startswith("@"))
        if token.kind is not Kind.SPECIAL:
            if inside and token.kind is not Kind.COMMENT:
                item.bracketed[-1] += token.text
            elif not inside:
                item.words.append(token)
        elif token.text == "<":
            inside = True
            item.bracketed.append("")
        elif token.text == ">":
            inside = False
        elif ends_item:
            yield item
            item, inside = _Item(), False
        elif inside:
            item.bracketed[-1] += token.text
        else:
            item.words.clear()  # the name of a group
    yield item


def _mailboxes(item: _Item) -> list[Person]:
    if not item.words and not item.bracketed:  # a flood of commas costs little
        return []
    bracketed = [address for text in item.bracketed if (address := _address(text))]
    if item.bracketed:
        return [Person(_name(item.words), address) for address in bracketed]
    words = _spaced("".join(word.text for word in item.words if word.kind is not Kind.COMMENT))
    bare = [address for word in words if (address := _address(word))]
    comments = [word for word in item.words if word.kind is Kind.COMMENT]
    others = " ".join(word for word in words if not _address(word)).strip('"')
    name = _name(comments) or clean_line(header_text(others)) if len(bare) == 1 else ""
    return [Person(name, address) for address in bare]


def _spaced(words: str) -> list[str]:
    # Old mailers put blanks around the @ (RFC 5322, section 4.4).
    return "@".join(part.strip() for part in words.split("@")).split()


def _address(text: str) -> str:
    """The address in `text`, empty if there is none: without the route before it and blanks.

    An international domain is in its A-labels: what looks like another must not pass for it.
    """
    joined = "".join(text.split()) if '"' not in text else text.strip()
    plain = joined.rpartition(":")[2] if joined.startswith("@") else joined
    local, domain = split(letters(plain))  # no encoded words: RFC 2047, section 5
    sound = local and domain and local.count('"') in (0, 2)
    domain = domain if domain.isascii() else _a_labels(domain)
    return mark_hidden(f"{local}@{domain}") if sound else ""


def _name(words: list[Token]) -> str:
    spoken = "".join(word.content for word in words if word.kind is not Kind.COMMENT)
    remarks = " ".join(word.content for word in words if word.kind is Kind.COMMENT)
    return clean_line(header_text(spoken if spoken.strip() else remarks))
