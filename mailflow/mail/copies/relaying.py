"""The body of a mail that is passed on: the author's octets, but for what must not reach others."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailflow.errors import Unreadable
from mailflow.mail.copies import copied_html, copied_plain
from mailflow.mail.wire import mime_parts
from mailflow.mail.wire.mime_encoding import base64_leaf, leaf, text_octets, with_broken_lines
from mailflow.mail.wire.mime_parts import Part

_TOKEN = re.compile(r"[!#$%&'*+.0-9A-Z^_`a-z{|}~-]+")
_QUOTABLE = re.compile(r"[\x20-\x7e]*")

_Edit = tuple[int, int, bytes]
"""From where to where, and what stands there in the copy."""


@dataclass(frozen=True, slots=True)
class _Changes:
    commands: frozenset[str]
    footer: str
    inert: Callable[[str], str] | None


def relayed(
    raw: bytes,
    *,
    cut: Collection[str] = (),
    footer: str = "",
    inert: Callable[[str], str] | None = None,
) -> bytes:
    """MIME fields and content of a copy of the mail `raw`.

    `cut` are lines that are left out, if they stand among the first ten of a text; `footer` is
    added to the first plain and the first HTML text; `inert` is applied to every text that is
    shown, plain or HTML source. A part in which this changes nothing stays as it is, bit for bit
    (bare CR and LF, and lines of over 998 octets, are mended wherever they are, and 8 bits are
    encoded where no signature is on them, so that every relay takes them and our own stays good);
    any other is encoded anew in UTF-8.

    What is signed or encrypted gets no footer. But what must be cut or made inert goes before the
    signature: that is dropped then, since a broken one alarms more than none.

    A mail whose parts cannot be told from each other is passed on as it is. Raises Unreadable, if
    that, or an HTML text, would show to others what was to be cut.
    """
    octets = mime_parts.entity(raw)
    changes = _Changes(frozenset(map(copied_plain.squeezed, cut)), footer, inert)
    try:
        parts = mime_parts.split(octets)
    except Unreadable:
        if cut:
            raise
        return with_broken_lines(octets)
    edits = sorted(_edits(octets, parts, changes))
    return with_broken_lines(_with_version(_edited(octets, edits)) if edits else octets)


def _edits(octets: bytes, parts: Sequence[Part], changes: _Changes) -> Iterator[_Edit]:
    texts = _shown_texts(octets, parts)
    first = _first_of_each_kind(parts, texts)
    changed = {
        index: text
        for index, text in _without_private(parts, texts, first, changes).items()
        if text != texts[index]
    }
    broken = {seal for index in changed for seal in _seals(parts, index)}
    for index in first:
        if changes.footer and broken.issuperset(_seals(parts, index)):
            text = changed.get(index, texts[index])
            changed[index] = _with_footer(parts[index], text, changes.footer)
    for seal in broken:
        yield from _unsealed(parts, seal)
    for index, part in enumerate(parts):
        if index in changed:
            yield part.start, part.end, _rewritten(parts, part, changed[index])
        elif not part.is_multipart:
            yield from _mended(octets, part, sealed=bool(_seals(parts, index)))


def _shown_texts(octets: bytes, parts: Sequence[Part]) -> dict[int, str]:
    """The texts that may be changed, by the index of their part."""
    texts: dict[int, str] = {}
    for index, part in enumerate(parts):
        around = {parts[ancestor].media_type for ancestor in part.ancestors}
        if part.is_shown_text and "multipart/encrypted" not in around:
            text = mime_parts.text(octets, part)
            if text is not None:
                texts[index] = text
    return texts


def _first_of_each_kind(parts: Sequence[Part], indices: Iterable[int]) -> tuple[int, ...]:
    """The first plain and the first HTML text, plain first; what comes later is no message."""
    first: dict[str, int] = {}
    for index in indices:
        first.setdefault(parts[index].media_type, index)
    return tuple(first[kind] for kind in sorted(first, reverse=True))


def _without_private(
    parts: Sequence[Part], texts: Mapping[int, str], first: Iterable[int], changes: _Changes
) -> dict[int, str]:
    new = dict(texts)
    plain: str | None = None
    for index in first if changes.commands else ():
        if parts[index].media_type == "text/plain":
            plain = new[index] = copied_plain.without_lines(texts[index], changes.commands)
        else:
            new[index] = _html_without_lines(texts[index], changes.commands, plain)
    if changes.inert is None:
        return new
    return {index: changes.inert(text) for index, text in new.items()}


def _html_without_lines(source: str, commands: Collection[str], plain: str | None) -> str:
    left = copied_html.without_lines(source, commands)
    if left is not None:
        return left
    # Clients wrap a long line in the plain text alone, or spread it over a table.
    if plain is None:
        raise Unreadable("a command cannot be cut out of an HTML text")
    return copied_html.from_plain(plain)


def _with_footer(part: Part, text: str, footer: str) -> str:
    if part.media_type == "text/html":
        return copied_html.with_footer(text, footer)
    return copied_plain.with_footer(text, footer, flowed=part.is_flowed)


def _seals(parts: Sequence[Part], index: int) -> list[int]:
    return [i for i in parts[index].ancestors if parts[i].media_type == "multipart/signed"]


def _unsealed(parts: Sequence[Part], seal: int) -> Iterator[_Edit]:
    """A multipart/signed gives way to its first part, which was signed (RFC 1847, section 2.1)."""
    around, signed = parts[seal], parts[seal + 1]
    yield around.start, signed.start, b""
    yield signed.end, around.end, b""


def _rewritten(parts: Sequence[Part], part: Part, text: str) -> bytes:
    replaced = ("content-type", "content-transfer-encoding")
    others = (field.octets for field in part.fields if field.name.lower() not in replaced)
    # What the old encoding hid could now end the part.
    delimiters = ("--" + parts[ancestor].parameters["boundary"] for ancestor in part.ancestors)
    encode = base64_leaf if any(delimiter in text for delimiter in delimiters) else leaf
    return encode(_content_type(part) + b"".join(others), text_octets(text))


def _content_type(part: Part) -> bytes:
    """The type in UTF-8; parameters that are no plain ASCII would need RFC 2231, and are left."""
    value = f"Content-Type: {part.media_type}; charset=utf-8"
    for name, parameter in part.parameters.items():
        if name != "charset" and _TOKEN.fullmatch(name) and _QUOTABLE.fullmatch(parameter):
            quoted = parameter.replace("\\", r"\\").replace('"', r"\"")
            shown = parameter if _TOKEN.fullmatch(parameter) else f'"{quoted}"'
            value += f";\r\n {name}={shown}"
    return f"{value}\r\n".encode("ascii")


def _mended(octets: bytes, part: Part, *, sealed: bool) -> Iterator[_Edit]:
    mended = mime_parts.leaf_octets(octets, part, sealed=sealed)
    if mended != octets[part.start : part.end]:
        yield part.start, part.end, mended


def _edited(octets: bytes, edits: Iterable[_Edit]) -> bytes:
    pieces: list[bytes] = []
    at = 0
    for start, end, replacement in edits:
        if start >= at:  # else it is in what a dropped signature takes along
            pieces += [octets[at:start], replacement]
            at = end
    return b"".join([*pieces, octets[at:]])


def _with_version(octets: bytes) -> bytes:
    """What was a part may have become the mail itself, and a part needs no MIME-Version."""
    fields, _ = mime_parts.halves(octets)
    if mime_parts.value(fields, "mime-version"):
        return octets
    return b"MIME-Version: 1.0\r\n" + octets
