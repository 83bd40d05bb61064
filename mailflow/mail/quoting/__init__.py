"""Telling what the author of a mail wrote from what the mail quotes."""

from collections.abc import Sequence

from mailflow.mail.quoting.cuts import own, trimmed
from mailflow.mail.quoting.known import Parents
from mailflow.mail.quoting.lines import split
from mailflow.mail.quoting.structure import reply_place
from mailflow.mail.text.html_text import rendered

__all__ = ["written"]


def written(text: str, html: str | None = None, *, parents: Sequence[str] = ()) -> str:
    """What the author wrote: without quotes, what introduces them, and the signature.

    `text` is the whole plain text, `html` the same mail's HTML: it is read if there is no text, or if
    only its structure shows the quote. `parents` are the texts of the mails that were answered,
    the nearest first: three of their lines in a row are a quote even unmarked. Answers between quotes stay, in order.
    If nothing would be left, everything is the answer. Takes any input; time is linear, and what stands
    behind the first 200,000 characters or 5,000 lines of text is left out.
    """
    known = Parents(parents)
    if not text.strip():
        return _written_in(html, known) if html else ""
    found = own(text, known)
    if html and not found.had_quote:
        by_structure = own(rendered(html, reply_place), known)
        if by_structure.text and _length(by_structure.text) < _length(found.text):
            return by_structure.text
    return found.text or trimmed("\n".join(split(text)))


def _written_in(html: str, known: Parents) -> str:
    return own(rendered(html, reply_place), known).text or trimmed(rendered(html))


def _length(text: str) -> int:
    """Characters that can be seen: the two renderings differ in white space."""
    return sum(map(len, text.split()))
