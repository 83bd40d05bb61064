"""What a mail says below its header: its text, its attachments, its calendars."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Any, NamedTuple

from mailflow.mail.text.charsets import decoded
from mailflow.mail.text.cleaning import clean_line, clean_text
from mailflow.mail.text.flowed import join_flowed
from mailflow.mail.text.html_text import rendered
from mailflow.mail.wire.raw_headers import header_text

# A book has less. The raw mail is kept whole.
MAX_TEXT = 1_000_000
# Newsletters have some 100 KB; this much takes a third of a second at worst.
MAX_RENDERED = 300_000
MAX_CALENDAR_OCTETS = 256 * 1024
MAX_CALENDARS = 20
MAX_NAME = 120

_CALENDAR_TYPES = frozenset({"text/calendar", "application/ics"})
_UNSAFE_IN_NAMES = re.compile(r'[<>:"|?*]')


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is no text of the author's; `name` is never empty and names no folder.

    `size` counts decoded octets; `inline` parts are shown within the text, an image for instance.
    """

    name: str
    content_type: str
    size: int
    inline: bool


@dataclass(frozen=True, slots=True)
class Body:
    """The text as a person reads it, the HTML as it came, whether any text was format=flowed.

    `from_html` says that the text is nothing but a rendering of the HTML.
    """

    text: str
    html: str | None
    from_html: bool
    flowed: bool
    attachments: tuple[Attachment, ...]
    calendars: tuple[bytes, ...]


class _Leaf(NamedTuple):
    """A part without parts, or an attached message; `alternative` numbers the outermost
    multipart/alternative around it, 0 if there is none.
    """

    part: Message
    content_type: str
    alternative: int
    attached: bool


def read_body(message: Message) -> Body:
    """Read the parts of `message`, without those of messages attached to it.

    Of a multipart/alternative the plain text is taken, the HTML where that is empty.
    """
    leaves = list(_leaves(message))
    texts = [leaf for leaf in leaves if _is_text(leaf)]
    sources = [clean_text(_text(leaf.part)[:MAX_TEXT]) for leaf in texts]
    html = [source for leaf, source in zip(texts, sources, strict=True) if _is_html(leaf)]
    return Body(
        text=_whole_text(texts, sources)[:MAX_TEXT],
        html="\n".join(html)[:MAX_TEXT] if html else None,
        from_html=bool(html)
        and not any(
            source.strip()
            for leaf, source in zip(texts, sources, strict=True)
            if not _is_html(leaf)
        ),
        flowed=any(_is_flowed(leaf.part) for leaf in texts),
        attachments=tuple(_attachment(leaf) for leaf in leaves if _is_attachment(leaf)),
        calendars=_calendars(leaf.part for leaf in leaves if _is_calendar(leaf)),
    )


def content_digest(message: Message, *stamps: str) -> str:
    """SHA-256, in hex, of the decoded content of all parts and of `stamps`, however encoded."""
    digest = hashlib.sha256()
    for stamp in stamps:
        _feed(digest, stamp.encode("utf-8", "replace"))
    for part in _content_parts(message):
        is_text = part.get_content_maintype() == "text"
        text = _text(part).replace("\r\n", "\n").rstrip() if is_text else ""
        _feed(digest, text.encode("utf-8", "replace") if is_text else _octets(part))
    return digest.hexdigest()


def _feed(digest: Any, octets: bytes) -> None:
    # The length first: what moves from one part to the next must show.
    digest.update(len(octets).to_bytes(8, "big"))
    digest.update(octets)


def _leaves(message: Message) -> Iterator[_Leaf]:
    waiting, numbered = [(message, 0, False)], 0
    while waiting:
        part, alternative, attached = waiting.pop()
        attached = attached or part.get_content_disposition() == "attachment"
        content_type = part.get_content_type()
        if not content_type.startswith("multipart/"):
            yield _Leaf(part, content_type, alternative, attached)
        elif not part.is_multipart():
            yield _Leaf(part, "text/plain", alternative, attached)  # it has no boundary
        else:
            if content_type == "multipart/alternative" and not alternative:
                numbered += 1
                alternative = numbered
            children: Any = part.get_payload()
            waiting += [(child, alternative, attached) for child in reversed(children)]


def _content_parts(part: Message) -> Iterator[Message]:
    return (inner for inner in part.walk() if not inner.is_multipart())


def _octets(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: Message) -> str:
    return decoded(_octets(part), part.get_content_charset("") or "")


def _is_html(leaf: _Leaf) -> bool:
    return leaf.content_type == "text/html"


def _is_text(leaf: _Leaf) -> bool:
    named = leaf.part.get_content_disposition() == "inline" and leaf.part.get_filename()
    return leaf.content_type in ("text/plain", "text/html") and not leaf.attached and not named


def _is_calendar(leaf: _Leaf) -> bool:
    name = leaf.part.get_filename("") or ""
    return leaf.content_type in _CALENDAR_TYPES or name.lower().endswith(".ics")


def _is_attachment(leaf: _Leaf) -> bool:
    bare_calendar = leaf.content_type == "text/calendar" and not leaf.part.get_filename()
    return not _is_text(leaf) and not bare_calendar


def _is_flowed(part: Message) -> bool:
    return _parameter(part, "format") == "flowed" and part.get_content_type() == "text/plain"


def _parameter(part: Message, name: str) -> str:
    value = part.get_param(name, "")
    return value.lower() if isinstance(value, str) else ""


def _whole_text(texts: Sequence[_Leaf], sources: Sequence[str]) -> str:
    pairs = list(zip(texts, sources, strict=True))
    spoken = {leaf.alternative for leaf, source in pairs if source.strip() and not _is_html(leaf)}
    pieces = [
        rendered(source[:MAX_RENDERED]) if _is_html(leaf) else _plain(leaf.part, source)
        for leaf, source in pairs
        if not (_is_html(leaf) and leaf.alternative and leaf.alternative in spoken)
    ]
    return "\n".join(piece.rstrip("\n") for piece in pieces if piece.strip())


def _plain(part: Message, source: str) -> str:
    if not _is_flowed(part):
        return source
    return join_flowed(source, delete_space=_parameter(part, "delsp") == "yes")


def _attachment(leaf: _Leaf) -> Attachment:
    part = leaf.part
    return Attachment(
        name=_safe_name(part.get_filename("") or "", leaf.content_type),
        content_type=clean_line(leaf.content_type)[:MAX_NAME],
        size=sum(len(_octets(inner)) for inner in _content_parts(part)),
        inline=_is_inline(leaf),
    )


def _is_inline(leaf: _Leaf) -> bool:
    shown = leaf.part.get_content_disposition() == "inline" or "content-id" in leaf.part
    return shown and not leaf.attached


def _safe_name(raw: str, content_type: str) -> str:
    """The last component of a name, without what a file system could stumble over."""
    last = clean_line(header_text(raw)).replace("\\", "/").rpartition("/")[2]
    stem, dot, extension = _UNSAFE_IN_NAMES.sub("_", last).strip(". ").rpartition(".")
    ending = (dot + extension)[:MAX_NAME]
    default = "message.eml" if content_type == "message/rfc822" else "attachment"
    return (stem[: MAX_NAME - len(ending)] + ending) or default


def _calendars(parts: Iterable[Message]) -> tuple[bytes, ...]:
    """Calendars in UTF-8, as RFC 5545, section 3.1.4, wants them; the same one twice counts once."""
    sized = ((part, _octets(part)) for part in parts)
    texts = (
        decoded(octets, part.get_content_charset("") or "").encode("utf-8", "replace")
        for part, octets in sized
        if len(octets) <= MAX_CALENDAR_OCTETS
    )
    return tuple(dict.fromkeys(texts))[:MAX_CALENDARS]
