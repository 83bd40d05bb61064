"""Message ids: read from what others wrote, made for what we write (RFC 5322, section 3.6.4).

An id stands without angle brackets everywhere but on the wire. `own_domain` is mailflow's mail
domain: ids there are ours and compared without regard to case, for some relays change it.
"""

import base64
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice

from mailflow.mail.wire.raw_headers import header_text, octets, unfold

MAX_ID_OCTETS = 512
# A thread of years has a few hundred ids: its root and its newest members say where a mail belongs.
MAX_REFERENCES = 50
# Half of the 998 octets of a line, for relays that unfold; enough for any client to thread by.
MAX_CHAIN_IDS = 20
MAX_CHAIN_OCTETS = 900
# With its brackets an id then fits into a line of 78 (RFC 5322, section 2.1.1).
MAX_OWN_OCTETS = 76
RANDOM_OCTETS = 12

# Without controls, which no id has: there may be a hundred thousand that have.
_BRACKETED = re.compile("<([^<>\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*)>")
_WHITE_SPACE = str.maketrans("", "", " \t\r\n")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?=@)')
_PAIR = re.compile(r"\\(.)")


def canonical(token: str, own_domain: str = "") -> str | None:
    """The form of an id that is compared and stored, or None if `token` is none.

    White space goes (an id may be folded in its middle), a quoted local part is unquoted. Octets
    that are not UTF-8 are kept apart as escapes, so that any id can be stored. At most 512 octets,
    no control characters.
    """
    written = octets(token.translate(_WHITE_SPACE))
    text = written.decode("utf-8", "backslashreplace")
    if not text or len(written) > MAX_ID_OCTETS or _CONTROLS.search(text):
        return None
    if quoted := _QUOTED_LOCAL.match(text):
        text = _PAIR.sub(r"\1", quoted[1]) + text[quoted.end() :]
    domain = text.rpartition("@")[2].lower()
    return text.lower() if own_domain and domain == own_domain.lower() else text


def own_ids(values: Iterable[str], digest: str, own_domain: str = "") -> tuple[str, ...]:
    """The ids of a message from all its raw Message-ID values: first its id, then aliases.

    Without a usable one an id is made from `digest`, so that a second delivery has the same.
    """
    tokens = (token for value in values for token in _tokens(value))
    return _distinct(tokens, own_domain) or (f"{digest[:40]}@message-id.invalid",)


def references(values: Iterable[str], own_domain: str = "") -> tuple[str, ...]:
    """The ids of all raw References values, oldest first, distinct: the first and the last 50."""
    tokens = [token for value in values for token in _tokens(value)]
    newest = list(islice(_canonical_ids(reversed(tokens), own_domain), MAX_REFERENCES))
    oldest = islice(_canonical_ids(tokens, own_domain), 1)
    return tuple(dict.fromkeys((*oldest, *reversed(newest))))


def in_reply_to(
    values: Iterable[str], addresses: Collection[str], own_domain: str = ""
) -> str | None:
    """The id that a mail answers: the last one of its raw In-Reply-To values that is no address.

    Old mailers write "Joe <joe@example.org>'s message of Monday <id>"; `addresses` are those of
    the people concerned.
    """
    known = {address.lower() for address in addresses}
    tokens = [token for value in values for token in _BRACKETED.findall(_readable(value))]
    ids = _canonical_ids(reversed(tokens), own_domain)
    return next((found for found in ids if found.lower() not in known), None)


def new_message_id(random: Callable[[int], bytes], conversation: str, domain: str) -> str:
    """A fresh id `random.conversation@domain` with 96 random bits.

    It has at most 76 octets if the domain leaves room: of a long conversation id only the
    beginning is used.
    """
    token = base64.b32encode(random(RANDOM_OCTETS)).decode().rstrip("=").lower()
    room = max(MAX_OWN_OCTETS - len(token) - len(domain) - 2, 0)
    left = ".".join(filter(None, (token, conversation.lower()[:room])))
    return f"{left}@{domain.lower()}"


def reference_chain(root: str, parent_references: Sequence[str], parent: str) -> tuple[str, ...]:
    """The References of an answer to `parent`: the root, the parent's newest, the parent.

    At most 20 ids and 900 octets as written; the root and the parent are there however long.
    """
    ends = tuple(dict.fromkeys((root, parent)))
    room = MAX_CHAIN_OCTETS - sum(map(_written_octets, ends))
    between: list[str] = []
    for id_ in reversed(parent_references):
        room -= _written_octets(id_)
        if room < 0 or len(between) + len(ends) == MAX_CHAIN_IDS:
            break
        if id_ not in ends and id_ not in between:
            between.append(id_)
    return (*ends[:-1], *reversed(between), parent)


def _written_octets(id_: str) -> int:
    return len(id_.encode()) + len("<> ")


def _tokens(value: str) -> list[str]:
    """What may be ids: all in brackets; without any bracket, the one word that the value is."""
    text = _readable(value)
    if "<" in text:
        return _BRACKETED.findall(text)
    return text.split() if len(text.split()) == 1 else []


def _readable(value: str) -> str:
    # Some mailers fold long ids into encoded words (RFC 2047), where none may be.
    return header_text(value) if "=?" in value else unfold(value)


def _canonical_ids(tokens: Iterable[str], own_domain: str) -> Iterator[str]:
    seen: set[str] = set()
    for token in tokens:
        id_ = canonical(token, own_domain)
        if id_ is not None and id_ not in seen:
            seen.add(id_)
            yield id_


def _distinct(tokens: Iterable[str], own_domain: str) -> tuple[str, ...]:
    return tuple(_canonical_ids(tokens, own_domain))
