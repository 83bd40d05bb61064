"""Mail in doubt: held, the host asked, and done with it what the host says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailflow.store.states import Taken
from mailflow.store.tables import Booking, TakenMail
from tests.appointments.test_booking import slot_address, the_booking
from tests.conversations.test_calendar_answers import calendar, calendar_mail
from tests.conversations.test_conversation import ANN, DANA, JOE, first_contact
from tests.flow import SETTINGS, Flow, Sent, to

VERIFIED: dict[str, Any] = {"Authentication-Results": "mx.test; dmarc=pass header.from=coach.test"}
FORGED: dict[str, Any] = {
    "Authentication-Results": "mx.test; dmarc=fail (p=reject) header.from=coach.test"
}


@pytest.fixture
def checking(tmp_path: Path) -> Iterator[Flow]:
    """A mailflow that believes the Authentication-Results of its border."""
    folder = tmp_path / "checking"
    folder.mkdir()
    made = Flow(folder, SETTINGS.replace('mode = "none"', 'mode = "header"\ntrusted = "mx.test"'))
    yield made
    made.close()


def held(flow: Flow) -> list[str]:
    return [mail.reason for mail in flow.run(lambda unit: unit.db.all(TakenMail, state=Taken.HELD))]


def strangers_mail(flow: Flow) -> tuple[Sent, Sent]:
    """Joe's first mail as Dana got it, and the question to her about what Ann wrote into it."""
    asked = first_contact(flow)
    (question,) = flow.mail(ANN, asked.address, "May I join?", subject="Me too")
    return asked, question


def test_a_stranger_with_the_address_is_held_and_the_host_asked(flow: Flow) -> None:
    asked, question = strangers_mail(flow)
    assert question.recipient == "dana@coach.test"
    assert question.address not in ("dana@flow.test", asked.address)
    assert "ann@friend.test" in question.text
    assert "May I join?" in question.text
    assert question["Auto-Submitted"] == "auto-generated"
    assert len(held(flow)) == 1


def test_a_stranger_with_the_ids_alone_is_held_too(flow: Flow) -> None:
    asked = first_contact(flow)
    (question,) = flow.mail(ANN, "dana@flow.test", "Hello", In_Reply_To=asked["Message-ID"])
    assert "ann@friend.test" in question.text


def test_yes_lets_the_stranger_in(flow: Flow) -> None:
    asked, question = strangers_mail(flow)
    passed = flow.reply(DANA, question, "yes\n\n> quoted")
    assert {copy.recipient for copy in passed} == {"dana@coach.test", "joe@client.test"}
    assert all("May I join?" in copy.text for copy in passed)
    again = flow.mail(ANN, asked.address, "Thank you.")
    assert {copy.recipient for copy in again} == {"dana@coach.test", "joe@client.test"}
    assert held(flow) == []


def test_new_gives_the_stranger_a_conversation(flow: Flow) -> None:
    asked, question = strangers_mail(flow)
    (copy,) = flow.reply(DANA, question, "New")
    assert copy.recipient == "dana@coach.test"
    assert copy["Mailflow-Conversation"] != asked["Mailflow-Conversation"]


def test_no_drops_the_mail(flow: Flow) -> None:
    _, question = strangers_mail(flow)
    assert flow.reply(DANA, question, "no") == []
    assert held(flow) == []


def test_yes_with_an_address_makes_it_known_for_good(flow: Flow) -> None:
    asked = first_contact(flow)
    (question,) = flow.mail("joe@work.test", asked.address, "It is me, Joe.")
    (copy,) = flow.reply(DANA, question, "yes joe@client.test")
    assert copy.recipient == "dana@coach.test"
    (again,) = flow.mail("joe@work.test", asked.address, "Me again.")
    assert "Me again." in again.text


@pytest.mark.parametrize(
    "text", ["yes please do", "maybe", "", "I say yes", "new yes", "yes nobody@nowhere.test"]
)
def test_anything_else_is_no_answer_and_is_never_passed_on(flow: Flow, text: str) -> None:
    _, question = strangers_mail(flow)
    (again,) = flow.reply(DANA, question, text)
    assert (again.recipient, again.address) == ("dana@coach.test", question.address)
    assert len(held(flow)) == 1


def test_yes_with_an_address_that_nobody_has_lets_nobody_in(flow: Flow) -> None:
    _, question = strangers_mail(flow)
    (again,) = flow.reply(DANA, question, "yes nobody@nowhere.test")
    assert "still held" in again.text
    (passed,) = flow.reply(DANA, again, "yes joe@client.test")
    assert passed.recipient == "dana@coach.test"


def test_an_automatic_answer_answers_nothing(flow: Flow) -> None:
    _, question = strangers_mail(flow)
    assert flow.reply(DANA, question, "yes", Auto_Submitted="auto-replied") == []
    assert len(held(flow)) == 1


def test_a_question_is_answered_once(flow: Flow) -> None:
    _, question = strangers_mail(flow)
    flow.reply(DANA, question, "yes")
    assert flow.reply(DANA, question, "new") == []


def test_the_same_mail_again_asks_no_second_time(flow: Flow) -> None:
    asked = first_contact(flow)
    headers: dict[str, Any] = {
        "Message_ID": "<x@friend.test>",
        "Date": "Mon, 23 Nov 2026 10:00:00 +0100",
    }
    assert len(flow.mail(ANN, asked.address, "Hi", **headers)) == 1
    assert flow.mail(ANN, asked.address, "Hi", **headers) == []


def test_a_hosts_mail_that_is_not_verified_is_held(checking: Flow) -> None:
    asked = first_contact(checking)
    (question,) = checking.reply(DANA, asked, "/offer coaching")
    assert question.recipient == "dana@coach.test"
    assert "/offer coaching" in question.text
    offered = checking.reply(DANA, question, "yes")
    assert {copy["Mailflow-Kind"] for copy in offered} == {"offer"}


def test_a_hosts_verified_mail_passes(checking: Flow) -> None:
    asked = first_contact(checking)
    (copy,) = checking.reply(DANA, asked, "Gladly.", **VERIFIED)
    assert copy.recipient == "joe@client.test"


def test_a_forged_mail_is_held_whoever_it_is_from(checking: Flow) -> None:
    (question,) = checking.mail(JOE, "dana@flow.test", "Hi", **FORGED)
    assert "joe@client.test" in question.text
    (copy,) = checking.reply(DANA, question, "yes")
    assert copy["Mailflow-Kind"] == "relay"


def test_what_a_forged_mail_asks_for_is_not_done(checking: Flow) -> None:
    """Neither a choice, nor one by its address, nor a calendar's answer."""
    asked = first_contact(checking)
    offers = checking.reply(DANA, asked, "/offer coaching", **VERIFIED)
    offer = to(offers, "joe@client.test")
    for address, text in ((offer.address, "2"), (slot_address(checking), "")):
        (question,) = checking.mail(JOE, address, text, answers=offer, **FORGED)
        assert question.recipient == "dana@coach.test"
    assert checking.run(lambda unit: unit.db.all(Booking)) == []
    booked = to(checking.reply(JOE, offer, "2"), "joe@client.test")
    declined = calendar_mail(JOE, booked, calendar(booked, "DECLINED"), **FORGED)
    assert checking.hand_in(declined, [booked.address]) == []
    assert the_booking(checking).status == "confirmed"
    assert held(checking)[-1] == "a calendar's answer whose sender failed the check"
    declined = calendar_mail(JOE, booked, calendar(booked, "DECLINED"))
    checking.hand_in(declined, [booked.address])
    assert the_booking(checking).status == "cancelled"


def test_whoever_only_looks_like_a_client_is_a_stranger(checking: Flow) -> None:
    first = first_contact(checking)
    evil = f"From: Joe <joe@cl\u0456ent.test>\r\nTo: {first.address}\r\n\r\nPay me.\r\n"
    (question,) = checking.hand_in(evil.encode(), [first.address])
    assert (question.recipient, question["Mailflow-Kind"]) == ("dana@coach.test", "notice")
    assert "joe@xn--clent-o2e.test" in question.text


def test_a_clients_mail_needs_no_proof(checking: Flow) -> None:
    assert first_contact(checking).recipient == "dana@coach.test"
