"""Conversations by the words in them, whichever database looks for these."""

import re
from collections.abc import Iterator

from mailflow.mail.text.cleaning import clean_line
from mailflow.store.session import Session

_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')


def conversations_with_words(db: Session, wanted: str) -> set[str]:
    """Ids of the conversations in which all `wanted` words stand: in a subject, a person's name or address, a text.

    A word stands for all that begin with it, words in double quotes for just these in this order; case and accents
    don't matter. Nothing else in `wanted` has a meaning; without any word nothing is found.
    """
    found = [
        {row[0] for row in db.execute(db.engine.with_words(term, beginnings=beginnings)).fetchall()}
        for term, beginnings in _terms(wanted)
    ]
    return set.intersection(*found) if found else set()


def _terms(wanted: str) -> Iterator[tuple[str, bool]]:
    """Each word, as a beginning, and each phrase, as it is."""
    for match in _TERM.finditer(clean_line(wanted)):
        phrase, word = match.groups()
        text = phrase or word or ""
        if any(letter.isalnum() for letter in text):
            yield text, not phrase
