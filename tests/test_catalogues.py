"""No string is left behind: none without a catalogue, and no catalogue without a sentence."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel import Locale
from babel.messages.catalog import Message
from jinja2 import Environment, nodes

from mailflow import wording
from mailflow.languages import ANSWER, texts
from mailflow.phrases import ENGLISH
from mailflow.rendering import Templates, packaged_templates
from tests.catalogues import CATALOGUES, ROOT, read, sentences
from tests.page_samples import PAGES
from tests.pseudo import outside, write_pseudo
from tests.samples import MAILS, Facts

EACH_KIND = (
    "offer",
    "booking-made",
    "reminder",
    "confirm",
    "invite",
    "relay_footer",
    "question-stranger",
    "help",
    "done",
    "undelivered",
)
KEYWORDS = ("yes", "no", "new", "cancel", "move")
FACT = re.compile(r"%\(\w+\)s")
LETTERS = re.compile(r"[^\W\d_]{2,}")

TEMPLATES = Templates([packaged_templates()])

every_catalogue = pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
every_template = pytest.mark.parametrize("name", TEMPLATES.names())


def facts_of(forms: Sequence[str]) -> set[str]:
    return {fact for form in forms for fact in FACT.findall(form)}


@every_catalogue
def test_a_catalogue_has_the_sentences_that_there_are(file: Path) -> None:
    catalogue = read(file)
    there = {(message.context, message.id) for message in catalogue}
    assert there == {(message.context, message.id) for message in sentences()}, "run .bin/words"
    assert not catalogue.obsolete


@every_catalogue
def test_a_catalogue_is_complete_and_says_the_same_facts(file: Path) -> None:
    for message in read(file):
        if not message.id:
            continue
        assert message.string, message.id
        assert not message.fuzzy, message.id
        for form in texts(message.string):
            assert form.strip(), message.id
            assert facts_of([form]) == facts_of(_said_by(message, form)), message.id


def _said_by(message: Message, form: str) -> Sequence[str]:
    """The English form that a translated one stands for: one may leave out the number, as the English does."""
    forms = texts(message.id)
    same = [english for english in forms if facts_of([english]) == facts_of([form])]
    return same[:1] or forms


@every_catalogue
def test_an_answer_that_a_mail_names_means_one_thing(file: Path) -> None:
    languages = TEMPLATES.languages
    for word in KEYWORDS:
        own = languages.of(file.stem).pgettext(ANSWER, word)
        assert languages.meaning(own, KEYWORDS, file.stem) == word
        assert languages.meaning(word.upper() + "!", KEYWORDS, file.stem) == word
        assert " " not in own


def test_every_language_has_its_dates_from_cldr() -> None:
    assert [file.stem for file in CATALOGUES] == ["de", "es", "fr"]
    assert all(Locale.parse(file.stem, sep="-").days for file in CATALOGUES)


# What stands in a template outside any sentence, and outside any tag: the pieces of tags that macros make.
NO_WORDS = {"required", "aria", "invalid", "describedby", "true", "error", "wide", "ADDRESS"}
# Attributes that are read out or shown.
SPOKEN = {"aria-label", "title", "alt", "placeholder", "content"}


class Shown(HTMLParser):
    """What a document shows: its text, and the attributes that are shown or read out."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("style", "script")
        shown = SPOKEN - ({"content"} if ("name", "viewport") in attrs else set())
        if tag != "meta" or any(name == "property" for name, _ in attrs):
            self.texts += [value or "" for name, value in attrs if name in shown]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


@every_template
def test_a_template_has_words_in_sentences_alone(name: str) -> None:
    source = (packaged_templates() / name).read_text()
    environment = Environment(extensions=["jinja2.ext.i18n"])
    written = "".join(
        value if kind == "data" else "0" if kind == "variable_begin" else ""
        for _, kind, value in environment.lex(source)
    )
    shown = Shown(written).texts if name.endswith(".html") else [written]
    assert not [word for text in shown for word in LETTERS.findall(text) if word not in NO_WORDS]
    tree = environment.parse(source)
    said = {id(part) for call in tree.find_all(nodes.Call) if _says(call) for part in _consts(call)}
    left = [const.value for const in tree.find_all(nodes.Const) if id(const) not in said]
    assert not [value for value in left if _is_sentence(value)]


def _says(call: nodes.Call) -> bool:
    return isinstance(call.node, nodes.Name) and call.node.name in ("_", "ngettext", "pgettext")


def _consts(call: nodes.Call) -> Iterator[nodes.Const]:
    return (argument for argument in call.args if isinstance(argument, nodes.Const))


def _is_sentence(value: object) -> bool:
    """Whether a string is for people: names of styles and of kinds are in small letters."""
    return (
        isinstance(value, str)
        and bool(re.search(r"[A-Z][a-z]|[a-z] [a-z]", value))
        and "/" not in value
    )


SAYING = {"said", "counted"}
# What the operator reads, in English: reasons, findings, and words for the log.
FOR_THE_OPERATOR = {"notify_operator", "own_words", "MailflowError", "Finding"}


def python_files() -> list[Path]:
    """The code that makes mails and pages: numbers for machines are in English."""
    rooms = ("appointments", "conversations", "post", "doors/web")
    files = (file for room in rooms for file in (ROOT / "mailflow" / room).rglob("*.py"))
    return sorted(file for file in files if file.name not in ("metrics.py", "health.py"))


@pytest.mark.parametrize("file", python_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_code_has_sentences_in_said_alone(file: Path) -> None:
    tree = ast.parse(file.read_text())
    said = {id(part) for call in _calls(tree, SAYING | FOR_THE_OPERATOR) for part in ast.walk(call)}
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    # A sentence is a text with a capital and a blank; what is for logs and the command line has none.
    left = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and id(node) not in said | docs
        and isinstance(node.value, str)
        and re.match(r"[A-Z“][a-z]+ .*[a-z]", node.value)
    ]
    assert not left
    told = [
        part.value
        for call in _calls(tree, TELLING)
        for part in ast.walk(call)
        if isinstance(part, ast.Constant)
        and id(part) not in said
        and isinstance(part.value, str)
        and " " in part.value.strip()
    ]
    assert not told


# What makes words that reach a host, a client or a visitor.
TELLING = {
    "Misunderstood",
    "NoFreeTime",
    "SlotTaken",
    "TooLate",
    "Expired",
    "InvalidForm",
    "Field",
    "_done",
    "_tell_host",
    "_ask_host",
    "notify_in",
    "notify_host",
}


def _calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


PSEUDO = "eo"


@pytest.fixture(scope="module")
def pseudo(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates([write_pseudo(tmp_path_factory.mktemp("own"), PSEUDO), packaged_templates()])


def known_words(facts: Any) -> Iterator[str]:
    """The words of a sample, which are somebody's and stand as they are; links, too."""
    if isinstance(facts, str):
        yield from LETTERS.findall(facts)
    elif isinstance(facts, dict):
        for value in facts.values():
            yield from known_words(value)
    elif isinstance(facts, list | tuple):
        for value in facts:
            yield from known_words(value)
    elif hasattr(facts, "__dataclass_fields__"):
        for field in facts.__dataclass_fields__:
            yield from known_words(getattr(facts, field))
    elif hasattr(facts, "key"):
        yield from LETTERS.findall(facts.key)


def of_cldr(language: str) -> set[str]:
    """The words of dates and lengths."""
    locale = Locale.parse(language)
    lengths = [wording.duration(timedelta(minutes=number), language) for number in (1, 50, 60, 140)]
    dates = [*_leaves(locale.days), *_leaves(locale.months), *lengths, "UTC la de"]
    return {word for text in dates for word in LETTERS.findall(text)}


def _leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif hasattr(tree, "values"):
        for value in tree.values():
            yield from _leaves(value)


def left_behind(text: str, facts: Facts) -> set[str]:
    """The words of a text that stand in no brackets, and came from nowhere else."""
    words = set(LETTERS.findall(outside(text)))
    return words - set(known_words(dict(facts))) - of_cldr(PSEUDO) - {*KEYWORDS}


@pytest.mark.parametrize("sample", MAILS.values(), ids=MAILS.keys())
def test_a_mail_in_another_language_has_no_english(
    pseudo: Templates, sample: tuple[str, Facts]
) -> None:
    rendered = pseudo.mail(sample[0], PSEUDO, **sample[1])
    assert not left_behind(rendered.text, sample[1])
    assert not left_behind(" ".join(Shown(rendered.html).texts), sample[1])


@pytest.mark.parametrize("sample", PAGES.values(), ids=PAGES.keys())
def test_a_page_in_another_language_has_no_english(
    pseudo: Templates, sample: tuple[str, Facts]
) -> None:
    shown = Shown(pseudo.page(sample[0], PSEUDO, **sample[1]))
    assert not left_behind(" ".join(shown.texts), sample[1])


def test_a_language_from_right_to_left_lays_out_so(tmp_path: Path) -> None:
    templates = Templates([write_pseudo(tmp_path / "own", "ar"), packaged_templates()])
    template, facts = MAILS["booking-made"]
    mail = templates.mail(template, "ar", **facts)
    assert '<html lang="ar" dir="rtl">' in mail.html
    assert re.search(r'<table class="page"[^>]* dir="rtl"', mail.html)
    assert "⟦Booked: ⟦\u2068Coaching session\u2069 with \u2068Dana Coach\u2069⟧⟧" in mail.text
    template, facts = PAGES["slot"]
    assert '<html lang="ar" dir="rtl">' in templates.page(template, "ar", **facts)
    assert 'dir="ltr"' in templates.page(template, ENGLISH, **facts)


@pytest.mark.parametrize("name", EACH_KIND)
@every_catalogue
def test_mails_go_out_in_each_language_as_agreed(
    name: str, file: Path, golden: Callable[[str, bytes], None]
) -> None:
    template, facts = MAILS[name]
    rendered = TEMPLATES.mail(template, file.stem, **facts)
    golden(f"{name}.{file.stem}.txt", rendered.text.encode())
    if name == "booking-made":
        golden(f"{name}.{file.stem}.html", rendered.html.encode())


def test_there_is_a_sentence_to_say() -> None:
    assert len(sentences()) > 200
