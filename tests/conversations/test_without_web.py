"""A mailflow without pages: numbers, answers and slot addresses do it all."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailflow.store.tables import Booking
from tests.appointments.test_booking import the_booking
from tests.conversations.test_conversation import DANA, JOE, first_contact
from tests.flow import SETTINGS, Flow, Sent, to


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Flow]:
    folder = tmp_path / "bare"
    folder.mkdir()
    made = Flow(folder, SETTINGS.replace('public_url = "https://flow.test"\n', ""))
    yield made
    made.close()


def offered(flow: Flow) -> Sent:
    return to(flow.reply(DANA, first_contact(flow), "/offer coaching"), "joe@client.test")


def test_an_offer_has_numbers_and_addresses_and_no_link(bare: Flow) -> None:
    offer = offered(bare)
    assert "flow.test/" not in offer.text + offer.html
    assert len(re.findall(r"book\+[a-z2-7]+@flow\.test", offer.text)) == 6


def test_a_number_books_moves_and_cancels(bare: Flow) -> None:
    offer = offered(bare)
    bare.reply(JOE, offer, "5")
    booked = to(bare.reply(JOE, offer, "6"), "joe@client.test")
    assert the_booking(bare).sequence == 1
    assert "flow.test/" not in booked.text + booked.html
    other = to(bare.reply(JOE, booked, "move"), "joe@client.test")
    moved = to(bare.reply(JOE, other, "1"), "joe@client.test")
    sent = bare.reply(JOE, moved, "cancel")
    assert the_booking(bare).status == "cancelled"
    anew = "Would you like another time? Answer this mail"
    assert anew in to(sent, "joe@client.test").text
    assert anew not in to(sent, "dana@coach.test").text
    (asked,) = bare.reply(JOE, to(sent, "joe@client.test"), "May I come next week?")
    assert (asked.recipient, asked["Mailflow-Kind"]) == ("dana@coach.test", "relay")
    assert to(bare.reply(DANA, asked, "/offer coaching"), "joe@client.test")


def test_a_mail_to_a_slots_address_books(bare: Flow) -> None:
    address = re.findall(r"book\+[a-z2-7]+@flow\.test", offered(bare).text)[2]
    bare.mail(JOE, address, "", envelope_to=[address.upper()])
    (booking,) = bare.run(lambda unit: unit.db.all(Booking))
    assert booking.client_address == "joe@client.test"
