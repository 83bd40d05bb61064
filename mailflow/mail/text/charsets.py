"""Octets of others into text: never an exception, never a codec that does more than map letters."""

import codecs
import re

# By name and no other: Python also knows rot13, idna, punycode, utf-7 and more under that roof,
# which turn harmless octets into angle brackets, or raise.
_LETTERS_ONLY = re.compile(
    r"utf-?8|iso-8859-\d{1,2}|(?:windows|cp)-?\d{3,4}|koi8-[rtu]|gbk|gb2312|gb18030|big5(?:-hkscs)?"
    r"|shift[_-]jis|euc-(?:jp|kr)|iso-2022-(?:jp|kr)|ks_c_5601-1987|tis-620|macintosh",
    re.IGNORECASE,
)
# What mailers write under the left name is really the right one (WHATWG Encoding, section 4.2).
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}


def decoded(octets: bytes, charset: str = "") -> str:
    """The text of `octets`; what the charset has no letter for becomes U+FFFD.

    A charset that is not declared or not known is taken for UTF-8, else for Windows-1252.
    """
    codec = _codec(charset)
    if codec is not None:
        return octets.decode(codec, "replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _codec(charset: str) -> str | None:
    if not _LETTERS_ONLY.fullmatch(charset):
        return None
    try:
        name = codecs.lookup(charset).name
    except LookupError:
        return None
    return _SUPERSETS.get(name, name)
