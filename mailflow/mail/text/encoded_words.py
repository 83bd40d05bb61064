"""Letters beyond ASCII in header fields (RFC 2047)."""

import binascii
import re
from collections.abc import Iterator
from email.header import Header
from itertools import groupby

from mailflow.mail.text.charsets import decoded

_WORD = r"=\?[^?\s]{1,64}\?[bBqQ]\?[^?]*\?="
_WORD_PARTS = re.compile(r"=\?([^?*\s]+)[^?]*\?([bBqQ])\?([^?]*)\?=")
# White space between two words is not part of the text (RFC 2047, section 6.2).
_RUN = re.compile(rf"{_WORD}(?:\s*{_WORD})*")

# RFC 2047, section 2: a line with an encoded word has at most 76 octets, a word at most 75.
_WORD_OCTETS = 75


def decode(value: str) -> str:
    """The text of an unfolded field value; what is no well-formed word stays as it stands."""
    return _RUN.sub(lambda run: "".join(_texts(run[0])), value)


def encode(text: str, field_name: str) -> list[str]:
    """`text` as UTF-8 words of at most 75 octets, the first so short that the name fits before it.

    `text` holds no line break and no lone surrogate.
    """
    header = Header(text, "utf-8", maxlinelen=_WORD_OCTETS, header_name=field_name)
    return header.encode(linesep="\n").split()


def _texts(run: str) -> Iterator[str]:
    # Mailers do cut a letter's octets over two words, though section 5 forbids it: join first.
    words = [match.groups() for match in _WORD_PARTS.finditer(run)]
    for charset, group in groupby(words, key=lambda word: word[0].lower()):
        yield decoded(b"".join(_octets(encoding, data) for _, encoding, data in group), charset)


def _octets(encoding: str, data: str) -> bytes:
    octets = data.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(octets, header=True)
    try:
        return binascii.a2b_base64(octets + b"==")  # too much padding is ignored, too little is not
    except binascii.Error:
        return octets
