"""Sentences that are not said yet: English, with facts, to be put into a reader's language at the edge.

Who makes one need not know who will read it. `str` gives the English, for logs and the command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from gettext import NullTranslations

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence by its English text, which names its facts as in `%(name)s`.

    A fact is a value, another sentence, or a function of the language: a date, for instance.
    """

    message: str
    facts: Mapping[str, object] = field(default_factory=dict)
    plural: str = ""
    """The English text where the fact `number` is not one."""

    def in_words(self, language: str, translations: NullTranslations) -> str:
        """The sentence in a language, whose `translations` are at hand."""
        facts = {name: _fact(fact, language, translations) for name, fact in self.facts.items()}
        return self._translated(translations) % facts

    def __str__(self) -> str:
        return self.in_words(ENGLISH, NullTranslations())

    def _translated(self, translations: NullTranslations) -> str:
        number = self.facts.get("number")
        if self.plural and isinstance(number, int):
            return translations.ngettext(self.message, self.plural, number)
        return translations.gettext(self.message)


Words = str | Said
"""What can be said: a sentence of ours, or words that stand as somebody wrote them."""


def said(message: str, **facts: object) -> Said:
    """A sentence of ours."""
    return Said(message, facts)


def counted(number: int, message: str, plural: str, **facts: object) -> Said:
    """A sentence about a number of things, which is its fact `number`."""
    return Said(message, {"number": number, **facts}, plural)


def _fact(fact: object, language: str, translations: NullTranslations) -> object:
    if isinstance(fact, Said):
        return fact.in_words(language, translations)
    return fact(language) if callable(fact) else fact
