"""Personal links and slot addresses that a reply quotes, made harmless: they are somebody else's."""

import re
from dataclasses import dataclass
from functools import cache

from mailflow.keys import LINK_SHAPE

PAGES = "slot|offer|booking/view|booking|confirm"
"""Where the personal pages are, below the public URL."""


@dataclass(frozen=True, slots=True)
class Inert:
    """Cuts the token out of every personal link and signed address of ours in a text.

    Tokens are known by their shape, wherever they stand: mail clients break a long link behind its slash.
    """

    domain: str
    public_url: str

    def __call__(self, text: str) -> str:
        address, link = _patterns(self.domain, self.public_url)
        # Few mails name us at all, which is soon seen; to look for what is written in either case takes long.
        folded = text.casefold()
        if self.domain in folded:
            text = address.sub(r"\1@\2", text)
        text = LINK_SHAPE.sub("", text)
        if self.public_url and self.public_url.casefold() in folded:
            text = link.sub(r"\1", text)
        return text


@cache
def _patterns(domain: str, public_url: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Of an address, and of what is left of a link whose token was broken in two."""
    address = rf"\b(book)(?:\+|%2b)[a-z2-7]+(?:@|%40)({re.escape(domain)})"
    link = rf"({re.escape(public_url)}/(?:{PAGES})/)[\w.-]+"
    return re.compile(address, re.IGNORECASE), re.compile(link, re.IGNORECASE)
