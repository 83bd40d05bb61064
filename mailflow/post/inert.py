"""Personal links and slot addresses that a reply quotes, made harmless: they are somebody else's."""

import re
from collections.abc import Callable

from mailflow.config import Config


def make_inert(config: Config) -> Callable[[str], str]:
    """A function that cuts the token out of every personal link and signed address of ours in a text."""
    domain = config.mailflow.domain
    forms = [rf"\b(book)(?:\+|%2b)[a-z2-7]+(?:@|%40){re.escape(domain)}"]
    if config.mailflow.public_url:
        forms.append(rf"({re.escape(config.mailflow.public_url)}/(?:slot|offer|booking)/)[\w.-]+")
    pattern = re.compile("|".join(forms), re.IGNORECASE)

    def replace(match: re.Match[str]) -> str:
        return f"{match[1]}@{domain}" if match[1] else match[2]

    return lambda text: pattern.sub(replace, text)
