"""The parts of a mail as ranges of its octets (RFC 2045, RFC 2046).

What is passed on unchanged must be the same octets, so no part is parsed into an object and
written out again: a part is where it begins and ends.
"""

import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mailflow.errors import Unreadable
from mailflow.mail.text.charsets import decoded
from mailflow.mail.wire.mime_encoding import (
    base64_leaf,
    has_long_line,
    leaf,
    with_broken_lines,
    with_crlf,
)

MAX_PARTS = 500
MAX_DEPTH = 50

# Real part headers have a few hundred octets; looking for the end of one that has none must not
# run through the whole mail for each part.
_HEADER_OCTETS = 65_536

_FIELD = re.compile(
    rb"^([!-9;-~]+)[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)(?:\r\n|\Z)", re.MULTILINE
)
_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]*)')
_QUOTED_PAIR = re.compile(r"\\(.)")
_DASHED_LINE = re.compile(rb"\r\n--([^\r\n]*)(?=\r\n|\Z)")


@dataclass(frozen=True, slots=True)
class Field:
    """A header field as it stands: `raw` is what follows the colon, folds included."""

    name: str
    raw: bytes

    @property
    def octets(self) -> bytes:
        return self.name.encode("ascii") + b":" + self.raw + b"\r\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A header in [start, content) and a content in [content, end) of the mail's octets.

    `ancestors` are the indices of the multiparts around it, the root first.
    """

    start: int
    content: int
    end: int
    fields: tuple[Field, ...]
    media_type: str
    parameters: Mapping[str, str]
    ancestors: tuple[int, ...]

    @property
    def is_multipart(self) -> bool:
        return self.media_type.startswith("multipart/")

    @property
    def is_shown_text(self) -> bool:
        """Text that a reader shows as the message, not as a file beside it."""
        disposition, parameters = _parsed(value(self.fields, "content-disposition"))
        # A name may come as filename, filename* or filename*0 (RFC 2231).
        has_name = any(name.startswith("filename") for name in parameters)
        is_file = disposition == "attachment" or has_name
        return self.media_type in ("text/plain", "text/html") and not is_file

    @property
    def is_flowed(self) -> bool:
        """RFC 3676, section 4."""
        return self.parameters.get("format", "").lower() == "flowed"


def halves(raw: bytes) -> tuple[tuple[Field, ...], bytes]:
    """The fields of a mail's header, and its content; bare CR and LF are CRLF in both."""
    mail = with_crlf(raw)
    if mail.startswith(b"\r\n"):
        return (), mail[2:]
    header, _, content = mail.partition(b"\r\n\r\n")
    return _read_fields(header), content


def entity(raw: bytes) -> bytes:
    """A mail without what an envelope needs: its MIME fields, an empty line, its content.

    Of a field that stands there twice the first counts, for us and for the copy's readers.
    """
    fields, content = halves(raw)
    first: dict[str, Field] = {}
    for field in filter(_is_mime, fields):
        first.setdefault(field.name.lower(), field)
    return b"".join(field.octets for field in first.values()) + b"\r\n" + content


def split(octets: bytes) -> tuple[Part, ...]:
    """All parts of an entity, the root first, in the order in which they stand.

    Attached mails are not opened. Raises Unreadable for more than 500 parts, 50 levels, and for
    boundaries that different readers would take differently.
    """
    walk = _Walk(octets)
    for line in _DASHED_LINE.finditer(octets):
        walk.meet(line)
    return walk.parts()


def value(fields: Iterable[Field], name: str) -> str:
    """The unfolded value of the first field of that name (small letters), else an empty text."""
    for field in fields:
        if field.name.lower() == name:
            return field.raw.replace(b"\r\n", b"").decode("latin-1").strip()
    return ""


def content_octets(octets: bytes, part: Part) -> bytes | None:
    """A part's content without its transfer encoding; None, if that is not known or is broken."""
    content = octets[part.content : part.end]
    match value(part.fields, "content-transfer-encoding").lower():
        case "" | "7bit" | "8bit" | "binary":
            return content
        case "quoted-printable":
            return binascii.a2b_qp(content)
        case "base64":
            try:
                return binascii.a2b_base64(content + b"==")  # padding is often forgotten
            except binascii.Error:
                return None
    return None


def leaf_octets(octets: bytes, part: Part, *, sealed: bool = False) -> bytes:
    """A leaf as it stands; only one whose lines are too long for the wire, or not of 7 bits, is encoded anew.

    What is `sealed` by a signature keeps its 8 bits: it would be broken.
    """
    as_it_stands = octets[part.start : part.end]
    has_short_lines = not has_long_line(as_it_stands)
    if has_short_lines and (sealed or octets[part.content : part.end].isascii()):
        return as_it_stands
    content = content_octets(octets, part)
    # An attached mail may not be encoded (RFC 2046, section 5.2.1).
    if content is None or part.media_type.startswith("message/"):
        return with_broken_lines(as_it_stands)
    fields = (f for f in part.fields if f.name.lower() != "content-transfer-encoding")
    # Decoded, it could hold a boundary; then it must not be readable.
    is_plain = part.media_type.startswith("text/") and content == octets[part.content : part.end]
    encode = leaf if has_short_lines and is_plain else base64_leaf
    return encode(with_broken_lines(b"".join(field.octets for field in fields)), content)


def text(octets: bytes, part: Part) -> str | None:
    """A text part's letters with `\\n` line ends; None, if its content cannot be decoded."""
    content = content_octets(octets, part)
    if content is None:
        return None
    letters = decoded(content, part.parameters.get("charset", ""))
    return letters.replace("\r\n", "\n").replace("\r", "\n")


class _Walk:
    """One pass over the lines that may be boundaries; no line is looked at twice."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._parts: list[Part] = []
        self._open: list[int] = []  # from the root to the part that we are in
        self._levels: dict[bytes, int] = {}  # a boundary, and where in _open its multipart is
        self._begin(0)

    def meet(self, line: re.Match[bytes]) -> None:
        boundary = line[1].rstrip(b" \t")
        is_last = boundary not in self._levels and boundary.endswith(b"--")
        if is_last:
            boundary = boundary[:-2]
        if boundary not in self._levels:
            return
        self._close(self._levels[boundary] + 1, line.start())
        if is_last:
            del self._levels[boundary]
        else:
            self._begin(line.end() + 2)

    def parts(self) -> tuple[Part, ...]:
        self._close(0, len(self._octets))
        return tuple(self._parts)

    def _begin(self, start: int) -> None:
        if len(self._parts) >= MAX_PARTS or len(self._open) >= MAX_DEPTH:
            raise Unreadable(f"more than {MAX_PARTS} parts or {MAX_DEPTH} levels")
        content = self._content_start(start)
        fields = _read_fields(self._octets[start:content])
        media_type, parameters = _parsed(value(fields, "content-type"))
        if media_type.count("/") != 1:
            media_type = "text/plain"  # RFC 2045, section 5.2
        part = Part(start, content, -1, fields, media_type, parameters, tuple(self._open))
        if part.is_multipart:
            self._expect(_boundary(part))
        self._open.append(len(self._parts))
        self._parts.append(part)

    def _content_start(self, start: int) -> int:
        if self._octets.startswith(b"\r\n", start):
            return start + 2
        blank = self._octets.find(b"\r\n\r\n", start, start + _HEADER_OCTETS)
        if blank < 0:
            raise Unreadable("a part has no end of its header")
        return blank + 4

    def _expect(self, boundary: bytes) -> None:
        if not boundary or boundary in self._levels:
            raise Unreadable("a multipart has no boundary, or that of one around it")
        self._levels[boundary] = len(self._open)

    def _close(self, level: int, end: int) -> None:
        for index in self._open[level:]:
            part = self._parts[index]
            # The CRLF before a delimiter belongs to it (RFC 2046, section 5.1.1); it may be the
            # empty line after the header, but no earlier one.
            if end < part.content - 2:
                raise Unreadable("a boundary stands in the header of a part")
            self._parts[index] = replace(part, end=max(part.content, end))
            if part.is_multipart:
                self._levels.pop(_boundary(part), None)
        del self._open[level:]


def _boundary(part: Part) -> bytes:
    return part.parameters.get("boundary", "").rstrip().encode("latin-1")


def _is_mime(field: Field) -> bool:
    name = field.name.lower()
    # Some mailboxes write Content-Length for themselves: no longer true after a change.
    return name == "mime-version" or (name.startswith("content-") and name != "content-length")


def _read_fields(header: bytes) -> tuple[Field, ...]:
    return tuple(Field(name.decode("ascii"), raw) for name, raw in _FIELD.findall(header))


def _parsed(text: str) -> tuple[str, dict[str, str]]:
    """The value before the first semicolon in small letters, and the parameters after it."""
    parameters: dict[str, str] = {}
    for name, quoted in _PARAMETER.findall(text):
        plain = _QUOTED_PAIR.sub(r"\1", quoted[1:-1]) if quoted.startswith('"') else quoted
        parameters.setdefault(name.lower(), plain)
    return text.partition(";")[0].strip().lower(), parameters
