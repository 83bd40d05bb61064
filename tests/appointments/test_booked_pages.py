"""The page of a booking: who may do what on it and until when, and who is coming."""

import pytest

from mailflow.appointments import links
from mailflow.appointments.pages import Asked, Page, booked
from mailflow.errors import TooLate
from mailflow.keys import Purpose
from mailflow.store.states import Status
from mailflow.store.tables import Attendee
from mailflow.store.unit import Unit
from tests.appointments.test_booking import the_booking
from tests.conversations.test_calendar_answers import answer
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import Flow, Sent, to

EVERYBODY = ("joe@client.test", "ann@friend.test", "dana@coach.test")


def booked_for_all(flow: Flow) -> list[Sent]:
    """A booking at ten o'clock of Joe's, with Ann in the conversation; each one's copy."""
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    sent = flow.reply(DANA, asked, "/offer coaching 2026-12-01T10:00")
    return flow.reply(JOE, to(sent, "joe@client.test"), "1")


def token(flow: Flow, address: str) -> str:
    """Of the link in that attendee's mail."""

    def find(unit: Unit) -> str:
        one = unit.db.find(Attendee, booking=booking.id, address_key=address)
        assert one is not None
        return links.booking_url(unit, booking, one) or ""

    booking = the_booking(flow)
    return flow.run(find).rpartition("/")[2]


def shown(flow: Flow, address: str) -> Page:
    return flow.run(booked.show, Asked({}), token(flow, address))


def words(flow: Flow, page: Page) -> str:
    return flow.house.templates.page(page.template, page.language, **page.facts)


@pytest.mark.parametrize("address", EVERYBODY)
def test_everybodys_link_moves_and_cancels_until_the_cut_off(flow: Flow, address: str) -> None:
    booked_for_all(flow)
    flow.now = the_booking(flow).start - flow.config.appointment_type("coaching").change_notice
    assert shown(flow, address).facts["cancel_url"]
    flow.run(booked.cancel, Asked({}), token(flow, address))
    assert the_booking(flow).status is Status.CANCELLED


@pytest.mark.parametrize("address", EVERYBODY)
def test_nobodys_link_does_after_it_and_the_host_has_the_commands(flow: Flow, address: str) -> None:
    copy = to(booked_for_all(flow), "dana@coach.test")
    kind = flow.config.appointment_type("coaching")
    flow.now = the_booking(flow).start - kind.change_notice
    flow.wait(seconds=1)
    page = shown(flow, address)
    assert (page.facts["move_url"], page.facts["cancel_url"]) == (None, None)
    assert "It is too late to change this here." in words(flow, page)
    assert "use the links in the mail" not in words(flow, page)
    later = Asked({"start": "2026-12-01T13:10Z"})
    for change in (booked.show_move, booked.move, booked.show_cancel, booked.cancel):
        with pytest.raises(TooLate):
            flow.run(change, later, token(flow, address))
    assert the_booking(flow).sequence == 0
    flow.reply(DANA, copy, "/cancel")
    assert the_booking(flow).status is Status.CANCELLED


def test_a_page_without_rights_names_the_mails_links_while_they_work(flow: Flow) -> None:
    booked_for_all(flow)
    booking = the_booking(flow)
    link = flow.house.keys.link(Purpose.VIEW, booking.id)
    hint = "use the links in the mail"
    assert hint in words(flow, flow.run(booked.view, Asked({}), link))
    flow.now = booking.start
    assert hint not in words(flow, flow.run(booked.view, Asked({}), link))


@pytest.mark.parametrize(
    ("partstat", "said"),
    [("ACCEPTED", "is coming"), ("TENTATIVE", "may come"), ("NEEDS-ACTION", None)],
)
def test_it_tells_who_is_coming(flow: Flow, partstat: str, said: str | None) -> None:
    sent = booked_for_all(flow)
    if said:
        answer(flow, JOE, to(sent, "joe@client.test"), partstat)
    answer(flow, ANN, to(sent, "ann@friend.test"), "DECLINED")
    for address in EVERYBODY:
        page = words(flow, shown(flow, address))
        joe, ann = (
            page.partition(f"<bdi>{name}</bdi>")[2] for name in ("Joe Client", "Ann Friend")
        )
        tail = f' <span class="soft">{said}</span></dd>' if said else "</dd>"
        assert joe.startswith(tail)
        assert ann.startswith(' <span class="soft">is not coming</span></dd>')


def test_a_move_asks_them_all_again(flow: Flow) -> None:
    sent = booked_for_all(flow)
    answer(flow, JOE, to(sent, "joe@client.test"), "ACCEPTED")
    flow.reply(DANA, to(sent, "dana@coach.test"), "/move 2026-12-02T10:00")
    assert "is coming" not in words(flow, shown(flow, "dana@coach.test"))
