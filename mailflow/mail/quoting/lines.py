"""What a single line of a mail is, judged by itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from mailflow.mail.quoting.languages import (
    ABOVE_THIS_LINE,
    DEVICES,
    DIVIDERS,
    FORWARD_LINES,
    HEADER_ROLES,
    REPLY_WORDS,
    SENT_FROM,
)

MAX_CHARACTERS = 200_000  # of a mail's text; what stands behind is not shown
MAX_LINES = 5_000
MAX_TOLD = 300  # characters of a line that a mail program may have written; longer ones are text
_MAX_FOLDED = 40  # characters of the end of an attribution, like "> wrote:"

# Spaces that strip() leaves: zero-width ones, marks of direction, and a tracker's sign.
_INVISIBLE = " \t\r\f\v\xa0\u00ad\u1427\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_DELIMITERS = frozenset({"--", "- --", "__", "\u2014", "\u2013", "\u2013\u2013"})
_MARKS = ">\uff1e"
_MBOX_FROM = ">From "  # what mbox files make of a line that begins with "From "
_GROUPWISE = re.compile(r">>> .{1,200} >>>")  # above a text that it does not mark
_PGP_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_RULE = re.compile(r"([-_=*~#+\u2013\u2014\u2500])(?:\s?\1){2,}")
_CLAUSE_END = re.compile(r"[.,;!]")
_ASIDE = re.compile(r"[<(\[][^>)\]]*+[>)\]]")
_SENT_FROM_A = ("sent from my ", "sent from a ", "sent from the ")  # and whatever people make of it
_MAX_DEVICE_WORDS = 6  # behind "sent from"; a sentence has more
_FIRST_KANA = "\u3040"
_WORD = re.compile(r"\w+")
_DEVICE_STEMS = ("iphone", "ipad", "android", "outlook")
# Nearly every line is a sentence, and is known as one by its first letters.
_SENT_FROM_BEGINNINGS = frozenset(phrase[:3] for phrase in SENT_FROM)


class Kind(Enum):
    BLANK = auto()
    TEXT = auto()
    QUOTE = auto()
    HEADER = auto()  # "From: ..." and its like
    DIVIDER = auto()  # "-----Original Message-----", or a help desk's "reply above this line"
    DASHED = auto()  # other words between dashes, or such words without them
    RULE = auto()  # nothing but dashes, underscores, stars
    DELIMITER = auto()  # "-- " above a signature
    DEVICE = auto()  # "Sent from my iPhone"


@dataclass(frozen=True, slots=True)
class Line:
    """A line as written, the same without invisible edges, and what it is."""

    text: str
    bare: str
    kind: Kind


def typed(text: str) -> list[Line]:
    """The lines of `text`, as far as the caps allow."""
    lines: list[Line] = []
    unclosed = False  # the line above ends inside "<address"
    # Few mails have such a phrase at all: then no line is searched for twenty of them.
    whole = text[:MAX_CHARACTERS].casefold()
    asks = any(phrase in whole for phrase in ABOVE_THIS_LINE)
    for line in split(text):
        bare = line.strip(_INVISIBLE)
        folded = unclosed and bare.endswith(":") and len(bare) < _MAX_FOLDED
        lines.append(Line(line, bare, Kind.TEXT if folded else _kind_of(bare, asks)))
        unclosed = bare.rfind("<") > bare.rfind(">")
    return lines


def split(text: str) -> Iterator[str]:
    """The lines of `text` within the caps, whichever of the three line ends it uses."""
    capped = text[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    yield from capped.split("\n", MAX_LINES)[:MAX_LINES]


def _kind_of(bare: str, asks: bool) -> Kind:
    """What a line is; `asks` says whether any line of its text asks to write above it."""
    if not bare:
        return Kind.BLANK
    if bare[0] in _MARKS and not bare.startswith(_MBOX_FROM):
        return Kind.DIVIDER if _GROUPWISE.fullmatch(bare) else Kind.QUOTE
    if len(bare) > MAX_TOLD:
        return Kind.TEXT
    if bare in _DELIMITERS or bare == _PGP_SIGNATURE:
        return Kind.DELIMITER
    if _RULE.fullmatch(bare):
        return Kind.RULE
    return _kind_by_words(bare, bare.casefold(), asks)


def _kind_by_words(bare: str, folded: str, asks: bool) -> Kind:
    if _is_divider(folded) or (asks and _asks_to_write_above(folded)):
        return Kind.DIVIDER
    if folded in DIVIDERS or (bare.startswith("--") and bare.endswith("--")):
        return Kind.DASHED
    if _is_device_line(folded):
        return Kind.DEVICE
    if header(bare):
        return Kind.HEADER
    return Kind.TEXT


def header(bare: str) -> tuple[str, str] | None:
    """The role ("from", "date", "to", "subject", "other") and the value of a quoted header line."""
    head = bare[:40].replace("\uff1a", ":")
    colon = head.find(":")
    role = HEADER_ROLES.get(head[:colon].strip("*_ \t\xa0").casefold()) if colon > 0 else None
    return (role, bare[colon + 1 :].strip("*_ \t\xa0")) if role else None


def _is_divider(folded: str) -> bool:
    words = folded.strip("-_=*+~>< \t:\uff1a")
    if words in DIVIDERS:
        return folded.startswith(("--", "__", "==", "*--", "++")) or folded.endswith("--")
    return words in FORWARD_LINES


def _asks_to_write_above(folded: str) -> bool:
    above = any(phrase in folded for phrase in ABOVE_THIS_LINE)
    return above and any(word in folded for word in REPLY_WORDS)


def _is_device_line(folded: str) -> bool:
    stripped = folded.strip("\u2014\u2013-*_[](<> ")
    if stripped[:3] not in _SENT_FROM_BEGINNINGS:
        return False
    line = _ASIDE.sub("", stripped)
    if not line.startswith(SENT_FROM):
        return False
    opening = next(phrase for phrase in SENT_FROM if line.startswith(phrase))
    if opening[-1] >= _FIRST_KANA:  # scripts without spaces: the phrase itself tells
        return len(line) < _MAX_FOLDED
    clause = line[: end.start()] if (end := _CLAUSE_END.search(line, len(opening))) else line
    if len(clause[len(opening) :].split()) > _MAX_DEVICE_WORDS:
        return False
    by_name = not DEVICES.isdisjoint(_WORD.findall(clause))
    by_name = by_name or any(stem in clause for stem in _DEVICE_STEMS)
    return by_name or (clause == line and line.startswith(_SENT_FROM_A))
