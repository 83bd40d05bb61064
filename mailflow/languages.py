"""The languages that mailflow speaks: catalogues of translations, plain `.po` files that are read once, at start.

The text in code and templates is English. A catalogue is named by its language (BCP 47): `de.po`, `pt-BR.po`.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from mailflow.errors import ConfigError
from mailflow.phrases import ENGLISH, Words

FOLDER = "languages"
"""Where the catalogues stand, beside the templates of mails and pages."""

_FACT = re.compile(r"%\((\w+)\)s")

ANSWER = "answer"
"""The context (`msgctxt`) of words that a mail of ours may be answered with."""

LONGEST_WORD = 40
"""Letters of an answer of one word: a longer text is none."""

LANGUAGES_READ = 20
"""Of those that a browser names: more are nobody's."""


class Languages:
    """The catalogues of `folders`; what one of an earlier folder says stands before what a later one does.

    Raises `ConfigError` for catalogues that cannot be read, or whose sentences would not come out right.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._translations: dict[str, NullTranslations] = {}
        files = [file for folder in folders for file in sorted((folder / FOLDER).glob("*.po"))]
        mistakes = [mistake for file in files for mistake in self._add(file)]
        if mistakes:
            raise ConfigError(mistakes)
        self._translations.setdefault(ENGLISH, NullTranslations())
        self.tags = tuple(sorted(self._translations))
        """The languages there are, English among them."""

    def of(self, language: str) -> NullTranslations:
        """The translations into a language; into English, where there is no such catalogue any more."""
        return self._translations.get(language, self._translations[ENGLISH])

    def say(self, words: Words, language: str) -> str:
        """`words` in a language; what somebody wrote stands as it is."""
        return words if isinstance(words, str) else words.in_words(language, self.of(language))

    def meaning(self, answer: str, words: Sequence[str], language: str) -> str | None:
        """Which of the `words` that our mails name an answer is: as it stands, or in the language of those mails."""
        given = plain(answer.strip().rstrip(".!"))
        own = self.of(language)
        named = (word for word in words if given in (word, plain(own.pgettext(ANSWER, word))))
        return next(named, None) if given else None

    def all_for(self, word: str) -> frozenset[str]:
        """A word that our mails name, in every language, each in its `plain` form."""
        return frozenset(plain(self.of(tag).pgettext(ANSWER, word)) for tag in self.tags)

    def best(self, accepted: str) -> str | None:
        """The language of ours that an `Accept-Language` likes best (RFC 9110, section 12.5.4), if any."""
        ours = {tag.lower(): tag for tag in self.tags}
        for tag in _by_liking(accepted):
            found = ours.get(tag) or ours.get(tag.partition("-")[0])
            if found:
                return found
        return None

    def _add(self, file: Path) -> list[str]:
        """Take up a catalogue. Returns what is wrong with it."""
        if not is_language(file.stem):
            return [f"{file}: no language is called {file.stem!r}"]
        locale = Locale.parse(file.stem, sep="-")
        try:
            with file.open("rb") as opened:
                catalogue = read_po(opened, locale, abort_invalid=True)
            translations = _compiled(catalogue)
        except (OSError, PoFileError, LookupError, ValueError) as error:  # unknown encodings, too
            return [f"{file}: cannot be read: {error}"]
        known = self._translations.setdefault(file.stem, translations)
        if known is not translations:
            known.add_fallback(translations)
        return [
            f"{file}:{message.lineno}: {mistake}"
            for message in catalogue
            if (mistake := _mistake(message))
        ]


def is_language(tag: str) -> bool:
    """Whether dates can be said in a language of that name."""
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def plain(word: str) -> str:
    """A word as it is compared: in small letters without accents, which many leave out; "" for a long text."""
    if len(word) > LONGEST_WORD:
        return ""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@cache
def own_name(language: str) -> str:
    """What a language calls itself: `Deutsch`."""
    name = Locale.parse(language, sep="-").get_display_name() or language
    return name[:1].upper() + name[1:]


def texts(forms: str | Sequence[str] | None) -> Sequence[str]:
    """The forms of one sentence in a catalogue: singular and plurals, or it alone; none where it is not translated."""
    return (forms,) if isinstance(forms, str) else forms or ()


def _compiled(catalogue: Catalog) -> GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _mistake(message: Message) -> str:
    """Why a translated sentence could not be said: a fact that there is not, or a mark that is cut off."""
    if not message.id or message.fuzzy:
        return ""
    facts = dict.fromkeys(_FACT.findall(" ".join(texts(message.id))), "")
    for text in texts(message.string):
        try:
            text % facts
        except (KeyError, TypeError, ValueError) as error:
            return f"{text!r}: {error}"
    return ""


def _by_liking(accepted: str) -> list[str]:
    """Languages as a browser ranks them, in small letters; those that it refuses are left out."""
    liked = []
    for item in accepted.lower().split(",", LANGUAGES_READ)[:LANGUAGES_READ]:
        tag, _, weight = item.partition(";")
        liked.append((_weight(weight), tag.strip()))
    return [tag for weight, tag in sorted(liked, key=lambda one: -one[0]) if weight > 0]


def _weight(text: str) -> float:
    """The liking that `q=0.8` says: 1 if nothing is said, 0 if it cannot be read."""
    _, _, number = text.partition("q=")
    try:
        return min(float(number.strip() or 1), 1)
    except ValueError:
        return 0
