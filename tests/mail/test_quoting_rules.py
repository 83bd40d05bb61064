"""Which of several signs decides: the parent's text, the HTML's structure, marks, words."""

import pytest

from mailflow.mail.quoting import written
from mailflow.mail.quoting.lines import MAX_CHARACTERS, MAX_LINES

PARENT = "Hi Nora,\n\nwould Tuesday suit you?\nOr Wednesday?\n\nPaul\n"
ATTRIBUTION = "On Mon, 2 Mar 2026 at 09:14, Paul <paul@weber.example> wrote:"


def test_three_lines_of_a_parent_are_a_quote_without_any_mark() -> None:
    text = "Tuesday.\n\nHi Nora,\nwould Tuesday suit you?\nOr Wednesday?\nPaul\n"
    assert written(text, parents=[PARENT]) == "Tuesday."


def test_two_lines_of_a_parent_may_be_equal_by_chance() -> None:
    text = "Thank you.\n\nHi Nora,\nwould Tuesday suit you?"
    assert written(text, parents=[PARENT]) == text


def test_answers_between_a_parents_lines_are_kept() -> None:
    text = (
        "Hi Nora,\nwould Tuesday suit you?\nOr Wednesday?\nTuesday.\n"
        "Where?\nAt ten?\nIn Berlin?\nYes, there."
    )
    assert (
        written(text, parents=[PARENT, "Where?\nAt ten?\nIn Berlin?"]) == "Tuesday.\n\nYes, there."
    )


def test_a_doubtful_attribution_is_proved_by_the_parents_text() -> None:
    text = f"Tuesday.\n\nPaul wrote:\n{PARENT}"
    assert written(text, parents=[PARENT]) == "Tuesday."


def test_structure_tells_what_the_text_does_not() -> None:
    text = "Tuesday.\n\nPaul, am Montag:\nWould Tuesday suit you?\n"
    html = '<p>Tuesday.</p><blockquote type="cite">Paul, am Montag:<br>Would Tuesday suit you?</blockquote>'
    assert written(text, html) == "Tuesday."


def test_text_wins_where_it_shows_the_quote() -> None:
    text = "* Tuesday\n* Wednesday\n\n> When?\n"
    html = "<ul><li>Tuesday</li><li>Wednesday</li></ul><blockquote>When?</blockquote>"
    assert written(text, html) == "* Tuesday\n* Wednesday"


def test_html_that_is_all_quote_does_not_hide_the_text() -> None:
    assert written("Tuesday.", "<blockquote>Tuesday.</blockquote>") == "Tuesday."


@pytest.mark.parametrize(
    ("text", "html"),
    [("", None), ("  \n", None), ("", ""), ("\n", "<p> </p>"), ("", "<style>p {}</style>")],
)
def test_nothing_stays_nothing(text: str, html: str | None) -> None:
    assert written(text, html) == ""


@pytest.mark.parametrize(
    "text",
    [
        "> only\n> a quote",
        "-- \nNora Lind",
        "Sent from my iPhone",
        "-----Original Message-----\nFrom: a@b.example\nSubject: x\n\nText",
    ],
    ids=["quote", "signature", "device", "forwarded"],
)
def test_if_nothing_would_be_left_everything_is(text: str) -> None:
    assert written(f"\n{text}\n\n") == text


def test_only_a_quote_in_html() -> None:
    assert written("", "<blockquote><p>Tuesday?</p></blockquote>") == "> Tuesday?"


@pytest.mark.parametrize(
    "introduction",
    [
        "Paul wrote:",
        "On 2 March Paul wrote:",
        "Mon, 2 Mar 2026, 09:14 Paul:",
        "02.03.2026 09:14 paul@weber.example:",
    ],
)
def test_a_doubtful_attribution_counts_above_a_quote_alone(introduction: str) -> None:
    assert written(f"Yes.\n\n{introduction}\n> Tuesday?") == "Yes."
    unquoted = f"Yes.\n\n{introduction}\nNo.\n\nI think so, too."
    assert written(unquoted) == unquoted


def test_a_certain_attribution_needs_no_marks_below() -> None:
    assert written(f"Yes.\n\n{ATTRIBUTION}\n\nTuesday?\n\nPaul") == "Yes."


def test_below_an_attribution_on_top_stands_the_answer() -> None:
    assert written(f"{ATTRIBUTION}\n\nYes, Tuesday.") == "Yes, Tuesday."


def test_own_lines_above_an_attribution_are_not_taken_for_its_beginning() -> None:
    text = f"It is on 3 May 2026\nThanks,\nNora\n{ATTRIBUTION}\n> Tuesday?"
    assert written(text) == "It is on 3 May 2026\nThanks,\nNora"


@pytest.mark.parametrize("name", ["Ravi", "Ali"])
def test_a_name_may_end_like_a_word(name: str) -> None:
    assert written(f"Yes.\n\nOn 2 Mar 2026 at 09:14, {name} wrote:\n\nTuesday?") == "Yes."


@pytest.mark.parametrize("teller", ["I", "you", "he", "they"])
def test_a_pronoun_tells_that_a_person_introduces_the_words(teller: str) -> None:
    text = f"As on 2 Mar 2026 at 09:14 {teller} wrote:\n\nTuesday.\n\nStill true."
    assert written(f"Hi.\n\n{text}") == f"Hi.\n\n{text}"


def test_the_mark_that_mbox_files_put_before_from_is_no_quote() -> None:
    text = "Hello.\n>From Monday on I am away."
    assert written(text) == text


def test_empty_lines_and_indentation_inside_are_kept() -> None:
    text = "    one\n\n\n  two\n\t\nthree"
    assert written(f"\n\n{text}\n\n{ATTRIBUTION}\n> x") == text


def test_what_stands_behind_the_caps_is_left_out() -> None:
    assert written("a" * (MAX_CHARACTERS + 1)) == "a" * MAX_CHARACTERS
    assert written("a\n" * (MAX_LINES + 1)).count("a") == MAX_LINES


def test_answers_inside_an_unmarked_history_are_kept_if_the_parent_is_known() -> None:
    text = (
        "See below.\n\nFrom: Paul Weber <paul@weber.example>\nSent: Monday\nSubject: Kick-off\n\n"
        "Hi Nora,\nwould Tuesday suit you?\nOr Wednesday?\nWednesday is better.\n"
        "And bring the plans of the\nlower floor, please.\nI will.\nBest regards\nPaul\nWeber Studio\n\n"
        "This mail is confidential."
    )
    parent = (
        "Hi Nora,\nwould Tuesday suit you?\nOr Wednesday?\n\n"
        "And bring the plans of the lower floor, please.\n\nBest regards\nPaul\nWeber Studio"
    )
    assert written(text, parents=[parent]) == "See below.\n\nWednesday is better.\n\nI will."
