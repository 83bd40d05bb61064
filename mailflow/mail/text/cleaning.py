"""Foreign text made fit to store and to show: cleaned once, when it comes in."""

import re
import unicodedata

# RFC 5322, section 2.1.1, allows 998 octets in a line: what is longer is no name and no subject.
# And normalising it could take quadratic time, for Unicode sorts runs of combining marks.
MAX_LINE = 2_000

_SURROGATES = re.compile("[\ud800-\udfff]")
# Controls, and what turns round or hides the letters beside it: bidi marks (UAX #9) and
# zero-width spaces. Joiners stay: Persian, Hindi and emoji are written with them.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CONTROLS = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f]")
_REPLACEMENT = "\ufffd"


def clean_line(text: str) -> str:
    """`text` as one line for display: NFC, single spaces, nothing that hides or reorders letters.

    Lone surrogates become U+FFFD; what stands beyond 2,000 characters is cut.
    """
    spaced = " ".join(text[:MAX_LINE].split())
    visible = _SURROGATES.sub(_REPLACEMENT, _HIDDEN.sub("", spaced))
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def clean_text(text: str) -> str:
    """`text` with LF line ends and no control characters, storable as UTF-8 in any database.

    NUL and lone surrogates become U+FFFD.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", _REPLACEMENT)
    return _CONTROLS.sub("", _SURROGATES.sub(_REPLACEMENT, lines))


def mark_hidden(text: str) -> str:
    """`text` with U+FFFD for each character that nobody sees, so that it equals nothing honest."""
    return _SURROGATES.sub(_REPLACEMENT, _HIDDEN.sub(_REPLACEMENT, text))
