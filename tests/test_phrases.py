from gettext import NullTranslations

from mailflow.phrases import counted, said


class Shouted(NullTranslations):
    """Another language: the same in capitals, but for the names of facts."""

    def gettext(self, message: str) -> str:
        return "".join(letter.upper() if letter not in "nameswh" else letter for letter in message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


def test_a_sentence_reads_in_english_as_it_stands() -> None:
    assert str(said("%(name)s is busy", name="Joe 100% (%s)")) == "Joe 100% (%s) is busy"


def test_facts_are_sentences_and_functions_of_the_language_too() -> None:
    sentence = said(
        "%(name)s, %(when)s: %(same)s",
        name="Joe",
        when=lambda language: f"[{language}]",
        same=said("he, she"),
    )
    assert str(sentence) == "Joe, [en]: he, she"
    assert sentence.in_words("xx", Shouted()) == "Joe, [xx]: he, she"


def test_a_number_chooses_the_form() -> None:
    one, two = (counted(n, "one mail", "%(number)s mails") for n in (1, 2))
    assert (str(one), str(two)) == ("one mail", "2 mails")
