"""Subjects: what is left without reply marks, and the subject of an answer."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from mailflow.mail.text.cleaning import MAX_LINE

_REPLY_MARKS = (
    "re", "aw", "antw", "antwort", "sv", "vs", "vá", "rif", "r", "res", "resp", "réf", "ref",
    "odp", "ynt", "bls", "ats", "atb", "tl", "rasp", "răsp", "odg", "atsp", "απ", "απαντηση",
    "ответ", "отв", "відп", "відповідь", "השב", "תשובה", "رد", "回复", "回覆", "答复", "答覆", "返信",
    "회신", "답장", "ตอบ",
)  # fmt: skip
_FORWARD_MARKS = (
    "fwd", "fw", "wg", "rv", "tr", "i", "enc", "encaminhado", "vb", "vl", "pd", "ilt", "i̇lt",
    "doorst", "trs", "ct", "redir", "reenv", "továbbítás", "pārs", "prep", "pers", "edasi",
    "yml", "σχετ", "πρθ", "пересл", "переслано", "пер", "הועבר", "تحويل", "转发", "轉寄", "转寄",
    "轉發", "転送", "전달",
)  # fmt: skip

# "Re[2]:", "RE(3):", "Re^2:", "Re :" and the full-width colon are all seen.
_COUNTER = r"(?:\s?[\[(]\d{1,4}[\])]|[\^*]\d{1,4})?"


def _mark(words: tuple[str, ...]) -> str:
    longest_first = sorted(words, key=len, reverse=True)
    return rf"(?:{'|'.join(map(re.escape, longest_first))}){_COUNTER}\s?[:\uff1a]\s*"


_LEADING = re.compile(
    rf"(?P<reply>{_mark(_REPLY_MARKS)})|(?P<forward>{_mark(_FORWARD_MARKS)})|(?P<tag>\[[^\[\]]*\]\s*)",
    re.IGNORECASE,
)
_TRAILING_FORWARD = re.compile(r"\s*\(fwd\)$", re.IGNORECASE)


class _Lead(NamedTuple):
    """A reply mark, a forward mark or a `[tag]` before the subject proper; it ends at `end`."""

    kind: str
    text: str
    end: int


def base_subject(subject: str) -> str:
    """`subject` without reply and forward marks and `[tags]`, NFC, single spaces.

    RFC 5256, section 2.1, is much the same. The letters stay as they are: compare without regard
    to case. A subject that is nothing but a tag keeps it.
    """
    text = _spaced(subject)
    while _TRAILING_FORWARD.search(text[-10:]):
        text = text[: text.rfind("(")].rstrip()
    start, tag = 0, ""
    for lead in _leads(text):
        start, tag = lead.end, lead.text.strip() if lead.kind == "tag" else tag
    return text[start:] or tag


def reply_subject(subject: str) -> str:
    """The subject of an answer: one `Re: `, no other reply mark, tags and letters as they are."""
    text = " ".join(subject[:MAX_LINE].split())
    kept, start = "", 0
    for lead in _leads(text):
        kept += "" if lead.kind == "reply" else lead.text
        start = lead.end
    return f"Re: {kept}{text[start:]}".rstrip()


def _spaced(subject: str) -> str:
    return " ".join(unicodedata.normalize("NFC", subject[:MAX_LINE]).split())


def _leads(text: str) -> Iterator[_Lead]:
    position = 0
    while match := _LEADING.match(text, position):
        position = match.end()
        yield _Lead(str(match.lastgroup), match[0], position)
