"""Whose clock shows what: the zone that a client names in an answer, and the hint that their mails give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.appointments.zones import zone_named, zones_like
from mailflow.store.tables import Booking, Offer, Participant
from tests.appointments.test_booking import event, offered, the_booking
from tests.conversations.test_conversation import ANN, DANA, JOE, first_contact
from tests.flow import Flow, to


def zone_of(flow: Flow, address: str) -> str | None:
    found = flow.run(lambda unit: unit.db.find(Participant, address_key=address))
    return found.zone if found else None


@pytest.mark.parametrize("line", ["tz America/New_York", "TZ: america/new york", "tz US/Eastern"])
def test_an_offer_comes_again_in_the_zone_that_was_named(flow: Flow, line: str) -> None:
    offer = offered(flow, "/offer coaching 2026-12-01T10:00")
    (again,) = flow.reply(JOE, offer, line)
    assert (again.recipient, again["Mailflow-Kind"]) == ("joe@client.test", "offer")
    assert "04:00" in again.text
    assert "10:00 for Dana Coach" in again.text
    assert len(flow.run(lambda unit: unit.db.all(Offer))) == 1
    flow.reply(JOE, again, "1")
    assert the_booking(flow).start.hour == 9


def test_a_time_is_chosen_as_it_is_shown_in_that_zone(flow: Flow) -> None:
    offer = offered(flow, "/offer coaching 2026-12-01T10:00 2026-12-01T11:00")
    (again,) = flow.reply(JOE, offer, "tz America/New_York")
    flow.reply(JOE, again, "05:00")
    assert the_booking(flow).start.hour == 10


def test_an_appointment_comes_again_in_the_zone_that_was_named(flow: Flow) -> None:
    offer = offered(flow, "/offer coaching 2026-12-01T10:00")
    booked = to(flow.reply(JOE, offer, "1"), "joe@client.test")
    (again,) = flow.reply(JOE, booked, "tz America/New_York")
    assert (again.recipient, again["Mailflow-Kind"]) == ("joe@client.test", "booking")
    assert "04:00" in again.text
    assert "America/New_York" in event(again)["DESCRIPTION"]
    assert event(again)["SEQUENCE"] == 0
    flow.reply(JOE, again, "cancel")
    assert the_booking(flow).status == "cancelled"


def test_what_is_booked_is_shown_where_its_offer_is_answered(flow: Flow) -> None:
    offer = offered(flow)
    flow.reply(JOE, offer, "1")
    (again,) = flow.reply(JOE, offer, "tz Europe/Paris")
    assert again["Mailflow-Kind"] == "booking"


def test_outside_any_conversation_a_zone_is_learnt_too(flow: Flow) -> None:
    booked = to(flow.reply(JOE, offered(flow, "/offer quick"), "1"), "joe@client.test")
    (again,) = flow.reply(JOE, booked, "tz America/New_York")
    assert (again.recipient, again["Mailflow-Kind"]) == ("joe@client.test", "booking")
    assert "America/New_York" in again.text
    assert the_booking(flow).zone == "America/New_York"


def test_a_zone_counts_for_all_that_follows(flow: Flow) -> None:
    copy = to(flow.reply(DANA, first_contact(flow), "Hello."), "joe@client.test")
    (noted,) = flow.reply(JOE, copy, "tz America/New_York\n\n> quoted")
    assert (noted.recipient, noted["Mailflow-Kind"]) == ("joe@client.test", "notice")
    assert noted.address == copy.address
    assert "America/New_York" in noted.text
    assert "Dana Coach" in noted["From"]
    offer = to(flow.reply(DANA, copy, "/offer coaching 2026-12-01T10:00"), "joe@client.test")
    assert "04:00" in offer.text


def test_somebody_elses_offer_is_not_shown_again(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    sent = flow.reply(DANA, asked, "/offer coaching ann@friend.test")
    (noted,) = flow.reply(JOE, to(sent, "joe@client.test"), "tz Europe/Paris")
    assert noted["Mailflow-Kind"] == "notice"


@pytest.mark.parametrize(
    ("line", "likely"),
    [("tz Pariss", "tz Europe/Paris"), ("tz Europe/Berlni", "tz Europe/Berlin"), ("tz ¿?", "tz E")],
)
def test_a_zone_that_there_is_not_is_answered_with_help(flow: Flow, line: str, likely: str) -> None:
    (help_,) = flow.reply(JOE, offered(flow), line)
    assert help_.recipient == "joe@client.test"
    assert likely in help_.text
    assert zone_of(flow, "joe@client.test") is None


@pytest.mark.parametrize("line", ["tz", "What tz are you in?", "tzatziki"])
def test_other_words_are_a_message(flow: Flow, line: str) -> None:
    (copy,) = flow.reply(JOE, offered(flow), line)
    assert (copy.recipient, copy["Mailflow-Kind"]) == ("dana@coach.test", "relay")


@given(st.text(max_size=200))
def test_any_name_is_a_zone_or_none(name: str) -> None:
    assert zone_named(name) is None or len(zones_like(name)) <= 3
    assert len(zones_like(name)) <= 3


@pytest.mark.parametrize(
    ("date", "hint"),
    [
        ("Mon, 23 Nov 2026 04:00:00 -0500", "UTC-5"),
        ("Mon, 23 Nov 2026 14:30:00 +0530", "UTC+5:30"),
        ("Mon, 23 Nov 2026 10:00:00 +0100", None),
        ("Mon, 23 Nov 2026 09:00:00 +0000", None),
        ("Mon, 23 Nov 2026 09:00:00 -0000", None),
        ("Mon, 23 Nov 2026 09:00:00 +9900", None),
        ("no date", None),
    ],
)
def test_the_clock_of_a_mail_is_a_hint_and_changes_no_time(
    flow: Flow, date: str, hint: str | None
) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", Date=date), "dana@coach.test")
    sent = flow.reply(DANA, asked, "/offer coaching 2026-12-01T10:00")
    offer = to(sent, "joe@client.test")
    assert "10:00" in offer.text
    said = " ".join(offer.text.split())
    assert (f"clock is at {hint}." in said) == (hint is not None)
    assert ("tz Europe/Paris" in said) == (hint is not None)
    assert "mail program" not in to(sent, "dana@coach.test").text
    assert flow.run(lambda unit: unit.db.all(Booking)) == []


def test_who_has_named_a_zone_needs_no_hint(flow: Flow) -> None:
    late = "Mon, 23 Nov 2026 04:00:00 -0500"
    asked = to(flow.mail(JOE, "dana@flow.test", Date=late), "dana@coach.test")
    offer = to(flow.reply(DANA, asked, "/offer coaching"), "joe@client.test")
    (again,) = flow.reply(JOE, offer, "tz Europe/Paris")
    assert "mail program" not in again.text
