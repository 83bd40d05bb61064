"""MIME parts as octets that every relay takes: 7-bit, CRLF, short lines. Same in, same out."""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence

LINE_OCTETS = 998
"""A line's length without its CRLF (RFC 5322, section 2.1.1)."""

_LONG_LINE = re.compile(rb"^[^\r\n]{%d,}" % (LINE_OCTETS + 1), re.MULTILINE)
_SEVEN_BIT = b"\t\r\n" + bytes(range(0x20, 0x7F))
_BROKEN_LINE = 900
_BASE64_LINE = 57  # octets in a line of 76 letters


def with_crlf(octets: bytes) -> bytes:
    """`octets` with every bare CR or LF turned into CRLF."""
    if not has_bare_line_break(octets):
        return octets
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def has_bare_line_break(octets: bytes) -> bool:
    # Counting is ten times as fast as searching, and mails are large.
    return not octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n")


def has_long_line(octets: bytes) -> bool:
    # From line end to line end, as far apart as they may be: far faster than to search, and mails are large.
    start = 0
    while len(octets) - start > LINE_OCTETS:
        end = octets.rfind(b"\n", start, start + LINE_OCTETS + 1)
        if end < 0:
            if _LONG_LINE.match(octets, start):
                return True
            end = octets.find(b"\n", start)
            if end < 0:
                return False
        start = end + 1
    return False


def with_broken_lines(octets: bytes) -> bytes:
    """`octets` with CRLF and a blank put into lines that are too long, as Postfix would do it."""
    return _LONG_LINE.sub(_broken, octets) if has_long_line(octets) else octets


def text_octets(text: str) -> bytes:
    """`text` in UTF-8 with CRLF line ends."""
    return with_crlf(text.encode("utf-8", "replace"))


def leaf(fields: bytes, octets: bytes) -> bytes:
    """A part that decodes to exactly `octets`, in the encoding that leaves most to be read.

    `fields` are its header fields, each with its CRLF, without Content-Transfer-Encoding.
    """
    encoding, encoded = _transfer_encoded(octets)
    return _headed(fields, encoding, encoded)


def base64_leaf(fields: bytes, octets: bytes) -> bytes:
    """The same for octets that no relay and no reader shall take for text."""
    return _headed(fields, b"base64", _base64(octets))


def multipart(subtype: str, parts: Sequence[bytes]) -> bytes:
    """A multipart of finished parts; its boundary is a digest of them, so they cannot hold it."""
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]
    boundary = f"=_{digest}"
    delimiter = b"\r\n--" + boundary.encode("ascii")
    header = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n'.encode("ascii")
    return header + b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + b"--\r\n"


def _broken(line: re.Match[bytes]) -> bytes:
    octets = line[0]
    pieces = (octets[at : at + _BROKEN_LINE] for at in range(0, len(octets), _BROKEN_LINE))
    return b"\r\n ".join(pieces)


def _headed(fields: bytes, encoding: bytes, encoded: bytes) -> bytes:
    return fields + b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + encoded


def _transfer_encoded(octets: bytes) -> tuple[bytes, bytes]:
    if has_bare_line_break(octets):
        return b"base64", _base64(octets)  # the other two would not give the same octets back
    if not octets.translate(None, _SEVEN_BIT) and not has_long_line(octets):
        return b"7bit", octets
    # Where a text has no line break, b2a_qp makes its soft ones bare LF.
    quoted = with_crlf(binascii.b2a_qp(octets, istext=True))
    if len(quoted) <= _base64_length(octets):
        return b"quoted-printable", quoted
    return b"base64", _base64(octets)


def _base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def _base64_length(octets: bytes) -> int:
    lines = -(-len(octets) // _BASE64_LINE)
    return -(-len(octets) // 3) * 4 + lines * len(b"\r\n")
