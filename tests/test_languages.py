from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.errors import ConfigError
from mailflow.languages import Languages, own_name
from mailflow.phrases import counted, said

HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: {}\\n"\n'
TWO_FORMS = "nplurals=2; plural=(n != 1);"
THREE_FORMS = "nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);"


def write(folder: Path, tag: str, messages: str, plurals: str = TWO_FORMS) -> None:
    (folder / "languages").mkdir(parents=True, exist_ok=True)
    text = HEAD.format(plurals) + messages
    (folder / "languages" / f"{tag}.po").write_text(text, encoding="utf-8")


def test_a_sentence_is_said_in_each_language_and_else_in_english(tmp_path: Path) -> None:
    write(tmp_path, "de", 'msgid "Hello %(name)s"\nmsgstr "Guten Tag, %(name)s"\n')
    languages = Languages([tmp_path])
    hello = said("Hello %(name)s", name="Jo")
    assert languages.tags == ("de", "en")
    assert [languages.say(hello, tag) for tag in ("de", "en", "xx")] == [
        "Guten Tag, Jo",
        "Hello Jo",
        "Hello Jo",
    ]
    assert languages.say("100% Hello", "de") == "100% Hello"


def test_the_operators_catalogue_stands_before_ours_sentence_by_sentence(tmp_path: Path) -> None:
    ours, own = tmp_path / "ours", tmp_path / "own"
    write(ours, "de", 'msgid "Yes"\nmsgstr "Ja"\n\nmsgid "No"\nmsgstr "Nein"\n')
    write(own, "de", 'msgid "Yes"\nmsgstr "Jawohl"\n', THREE_FORMS)
    write(own, "en", 'msgid "No"\nmsgstr "Nope"\n')
    languages = Languages([own, ours])
    words = ("Yes", "No")
    assert [languages.of("de").gettext(word) for word in words] == ["Jawohl", "Nein"]
    assert [languages.of("en").gettext(word) for word in words] == ["Yes", "Nope"]


def test_each_language_has_its_own_plurals(tmp_path: Path) -> None:
    forms = '\nmsgstr[0] "eins"\nmsgstr[1] "zwei"\nmsgstr[2] "%(number)s"\n'
    write(tmp_path, "ar", f'msgid "one"\nmsgid_plural "%(number)s more"{forms}', THREE_FORMS)
    languages = Languages([tmp_path])
    assert [languages.say(counted(n, "one", "%(number)s more"), "ar") for n in (1, 2, 3)] == [
        "eins",
        "zwei",
        "3",
    ]


@pytest.mark.parametrize(
    ("tag", "messages", "mistake"),
    [
        pytest.param("klingon", "", "no language is called 'klingon'", id="language"),
        pytest.param("de", "msgid nothing", "cannot be read", id="form"),
        pytest.param("de", 'msgid "a"\nmsgstr "%(x)s"\n', "'x'", id="fact-too-many"),
        pytest.param("de", 'msgid "%(x)s"\nmsgstr "%(x)d"\n', "%d format", id="number"),
        pytest.param("de", 'msgid "%(x)s"\nmsgstr "100%"\n', "incomplete format", id="percent"),
    ],
)
def test_a_catalogue_that_would_not_come_out_right_is_a_mistake_of_the_configuration(
    tmp_path: Path, tag: str, messages: str, mistake: str
) -> None:
    write(tmp_path, tag, messages)
    with pytest.raises(ConfigError) as caught:
        Languages([tmp_path])
    assert mistake in caught.value.mistakes[0]
    assert f"languages/{tag}.po" in caught.value.mistakes[0]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'msgid "a"\nmsgstr "\xff"\n', id="no-utf-8"),
        pytest.param(HEAD.replace("utf-8", "utf-99").format(TWO_FORMS).encode(), id="encoding"),
        pytest.param(HEAD.format("nplurals=x; plural=(n != 1);").encode(), id="number-of-forms"),
        pytest.param(HEAD.format("nplurals=2; plural=(n !=);").encode(), id="choice-of-form"),
    ],
)
def test_a_catalogue_that_is_not_to_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, "de", "")
    (tmp_path / "languages" / "de.po").write_bytes(content)
    with pytest.raises(ConfigError, match="cannot be read"):
        Languages([tmp_path])


@pytest.mark.parametrize(
    ("accepted", "best"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("DE-at", "de"),
        ("nl, fr;q=0.3, de;q=0.7", "de"),
        ("pt-br", "pt-BR"),
        ("pt", None),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=none", None),
        ("*", None),
        ("", None),
    ],
)
def test_the_language_is_what_the_browser_likes_best_of_ours(
    tmp_path: Path, accepted: str, best: str | None
) -> None:
    for tag in ("de", "fr", "pt-BR"):
        write(tmp_path, tag, "")
    assert Languages([tmp_path]).best(accepted) == best


ENGLISH_ALONE = Languages([])


@given(st.text() | st.text(st.sampled_from("de-n;q=0.1,*infan "), max_size=60))
def test_whatever_a_browser_accepts_it_gets_a_language_of_ours_or_none(accepted: str) -> None:
    assert ENGLISH_ALONE.best(accepted) in (None, "en")


def test_a_language_is_called_as_it_calls_itself() -> None:
    assert [own_name(tag) for tag in ("de", "fr", "es", "pt-BR")] == [
        "Deutsch",
        "Français",
        "Español",
        "Português (Brasil)",
    ]


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("Déplacer", "move"),
        ("deplacer.", "move"),
        ("de\u0301placer!", "move"),
        ("MOVE", "move"),
        ("annuler", "cancel"),
        ("absagen", None),
        ("déplacer svp", None),
        ("", None),
        ("e\u0301" * 100_000, None),
    ],
)
def test_an_answer_is_known_without_its_accents_in_its_language_alone(
    tmp_path: Path, answer: str, meaning: str | None
) -> None:
    for tag, move, cancel in (("fr", "déplacer", "annuler"), ("de", "verschieben", "absagen")):
        write(
            tmp_path,
            tag,
            f'msgctxt "answer"\nmsgid "move"\nmsgstr "{move}"\n\n'
            f'msgctxt "answer"\nmsgid "cancel"\nmsgstr "{cancel}"\n',
        )
    languages = Languages([tmp_path])
    assert languages.meaning(answer, ("cancel", "move"), "fr") == meaning
    assert languages.all_for("move") == {"move", "deplacer", "verschieben"}
