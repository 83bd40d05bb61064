"""In which language each person is written to, and in which words they may answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailflow.store.states import Status
from mailflow.store.tables import Booking, Participant
from tests.conversations.test_conversation import DANA, JOE, first_contact
from tests.flow import SETTINGS, Flow, Sent, to

GERMAN = SETTINGS.replace('"Europe/Berlin"', '"Europe/Berlin"\nlanguage = "de"')


@pytest.fixture
def german(tmp_path: Path) -> Iterator[Flow]:
    """A mailflow whose host Dana writes German, and Erik English."""
    flow = Flow(tmp_path, GERMAN)
    yield flow
    flow.close()


def words(copy: Sent) -> str:
    return " ".join(copy.text.split())


def booking(flow: Flow) -> Booking:
    (one,) = flow.run(lambda unit: unit.db.all(Booking))
    return one


def speak(flow: Flow, address: str, language: str) -> None:
    """What a page keeps of a participant who used it in that language."""
    flow.run(
        lambda unit: [
            unit.db.change(one, language=language)
            for one in unit.db.all(Participant, address_key=address)
        ]
    )


def test_clients_and_host_are_written_to_in_the_hosts_language(german: Flow) -> None:
    asked = first_contact(german)
    offer = to(german.reply(DANA, asked, "/offer coaching"), "joe@client.test")
    assert "Wählen Sie die Zeit, die Ihnen passt" in words(offer)
    assert '<html lang="de" dir="ltr">' in offer.html
    sent = german.reply(JOE, offer, "1")
    assert {words(copy)[:34] for copy in sent} == {"Gebucht: Coaching session mit Dana"}


def test_each_copy_is_in_the_language_of_its_recipient(german: Flow) -> None:
    asked = first_contact(german)
    speak(german, "joe@client.test", "fr")
    offer = to(german.reply(DANA, asked, "/offer coaching"), "joe@client.test")
    assert "répondez à ce message par son numéro" in words(offer)
    sent = german.reply(JOE, offer, "2")
    assert words(to(sent, "joe@client.test")).startswith("Réservé : Coaching session avec Dana")
    assert words(to(sent, "dana@coach.test")).startswith("Gebucht: Coaching session mit Dana")
    invite = to(sent, "joe@client.test").message.get_body(("calendar",))
    assert invite is None or "Coaching session avec Dana Coach" in str(invite.get_content())


@pytest.mark.parametrize("word", ["Absagen", "absagen.", "cancel"])
def test_a_booking_is_cancelled_in_the_language_of_its_mail(german: Flow, word: str) -> None:
    offer = to(german.reply(DANA, first_contact(german), "/offer coaching"), "joe@client.test")
    booked = to(german.reply(JOE, offer, "1"), "joe@client.test")
    assert '"absagen" ("cancel")' in words(booked)
    sent = german.reply(JOE, booked, word)
    assert words(to(sent, "joe@client.test")).startswith("Abgesagt: Coaching session")
    assert booking(german).status is Status.CANCELLED


def test_a_word_of_another_language_is_a_message(german: Flow) -> None:
    offer = to(german.reply(DANA, first_contact(german), "/offer coaching"), "joe@client.test")
    booked = to(german.reply(JOE, offer, "1"), "joe@client.test")
    (passed_on,) = german.reply(JOE, booked, "annuler")
    assert passed_on.recipient == "dana@coach.test"
    assert booking(german).status is Status.CONFIRMED


def test_a_time_is_chosen_as_the_offer_writes_it(german: Flow) -> None:
    offer = to(german.reply(DANA, first_contact(german), "/offer coaching"), "joe@client.test")
    day = next(line for line in offer.text.splitlines() if line.startswith("Montag"))
    german.reply(JOE, offer, f"{day}, 13:00")
    assert booking(german).start.isoformat() == "2026-11-23T12:00:00+00:00"


def test_a_host_answers_a_question_in_the_language_that_it_was_asked_in(german: Flow) -> None:
    asked = first_contact(german)
    question = to(
        german.mail("sam@elsewhere.test", asked.address, "May I join?"), "dana@coach.test"
    )
    assert question["Subject"].startswith("Zurückgehalten: ")
    assert "ja (yes)" in words(question)
    sent = german.reply(DANA, question, "Ja.")
    assert {copy.recipient for copy in sent} == {"dana@coach.test", "joe@client.test"}


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/ofer coaching", "Es gibt keinen Befehl /ofer."),
        ("/offer nothing", "Es gibt keine Terminart „nothing“."),
        ("/offer coaching gestern", "'gestern' war nicht zu verstehen"),
        (
            "/offer coaching 2026-11-23T02:00",
            "nicht frei oder vorbei: Montag, 23. November 2026, 02:00",
        ),
        ("/cancel", "In dieser Unterhaltung steht kein Termin bevor."),
        ("/who", "Joe Client <joe@client.test>, Klient, bekommt Kopien"),
        ("/note hm", "Notiert."),
        ("/close", "Diese Unterhaltung ist geschlossen."),
        ("/leave", "Sonst würde niemand lesen, was Ihre Klienten schreiben."),
    ],
)
def test_a_host_is_answered_in_their_language(german: Flow, line: str, answer: str) -> None:
    (notice,) = german.reply(DANA, first_contact(german), line)
    assert answer in words(notice)


def test_what_a_client_could_not_book_is_said_in_the_clients_language(german: Flow) -> None:
    asked = first_contact(german)
    speak(german, "joe@client.test", "es")
    offer = to(german.reply(DANA, asked, "/offer coaching"), "joe@client.test")
    german.wait(hours=24 * 5)
    sent = german.reply(JOE, offer, "1")
    assert "No se pudo reservar esta hora: esa hora no está libre." in words(
        to(sent, "joe@client.test")
    )


def test_a_choice_is_known_in_later_conversations_with_any_host(german: Flow) -> None:
    first_contact(german)
    speak(german, "joe@client.test", "fr")
    asked = to(german.mail(JOE, "erik@flow.test", "Hello, Erik."), "erik@school.test")
    (answer,) = german.reply("erik@school.test", asked, "/offer lesson")
    assert "There is no appointment type" in words(answer)
    (joe,) = german.run(
        lambda unit: [
            one
            for one in unit.db.all(Participant, address_key="joe@client.test")
            if one.conversation == asked["Mailflow-Conversation"]
        ]
    )
    assert joe.language == "fr"
