"""Personal links and slot addresses that a reply quotes, made harmless: they are somebody else's."""

import re
from collections.abc import Callable

from mailflow.config import Config
from mailflow.keys import LINK_SHAPE


def make_inert(config: Config) -> Callable[[str], str]:
    """A function that cuts the token out of every personal link and signed address of ours in a text.

    Tokens are known by their shape, wherever they stand: mail clients break a long link behind its slash.
    """
    domain = re.escape(config.mailflow.domain)
    address = re.compile(rf"\b(book)(?:\+|%2b)[a-z2-7]+(?:@|%40)({domain})", re.IGNORECASE)
    # What is left of a link whose token was broken in two.
    link = re.compile(
        rf"({re.escape(config.mailflow.public_url)}/(?:{PAGES})/)[\w.-]+", re.IGNORECASE
    )

    def inert(text: str) -> str:
        # Few mails name us at all, which is soon seen; to look for what is written in either case takes long.
        folded = text.casefold()
        if config.mailflow.domain in folded:
            text = address.sub(r"\1@\2", text)
        text = LINK_SHAPE.sub("", text)
        if config.mailflow.public_url and config.mailflow.public_url.casefold() in folded:
            text = link.sub(r"\1", text)
        return text

    return inert


PAGES = "slot|offer|booking/view|booking|confirm"
"""Where the personal pages are, below the public URL."""
