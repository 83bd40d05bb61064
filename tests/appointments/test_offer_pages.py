"""The pages of an offer: when its times have gone, and when another offer took its place."""

from datetime import UTC, datetime

import pytest

from mailflow.appointments import bookings, links
from mailflow.appointments.pages import Asked, Page
from mailflow.appointments.pages.offered import OFFER, SLOT
from mailflow.errors import Expired, SlotTaken
from mailflow.store.tables import Offer, OfferedSlot, Participant
from mailflow.store.unit import Unit
from tests.appointments.test_booking import book, offered, the_booking
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import Flow, Sent, to

EARLY, LATE = (
    datetime(2026, 12, 1, hour, minute, tzinfo=UTC) for hour, minute in ((8, 50), (10, 30))
)
NAMED = "/offer coaching 2026-12-01T09:50 2026-12-01T11:30"


def tokens(flow: Flow, number: int, address: str = "joe@client.test") -> tuple[str, str]:
    """Of the scheduler, and of the first slot, of an offer: the first, the second, … as that person has them."""

    def find(unit: Unit) -> tuple[str, str]:
        offer = sorted(unit.db.all(Offer), key=lambda one: one.created)[number]
        client = unit.db.find(Participant, conversation=offer.conversation, address_key=address)
        assert client is not None
        urls = links.offer_url(unit, offer, client), links.slot_url(unit, offer, 1, client)
        scheduler, slot = ((url or "").rpartition("/")[2] for url in urls)
        return scheduler, slot

    return flow.run(find)


def words(flow: Flow, page: Page) -> str:
    return flow.house.templates.page(page.template, page.language, **page.facts)


def test_when_all_its_times_have_gone_it_says_so_and_has_fresh_ones(flow: Flow) -> None:
    offered(flow, NAMED)
    scheduler, slot = tokens(flow, 0)
    assert "has gone" not in words(flow, flow.run(OFFER.show, Asked({}), scheduler))
    for start in (EARLY, LATE):
        assert not flow.run(OFFER.show, Asked({}), scheduler).facts["all_gone"]
        book(flow, "coaching", start)
    page = flow.run(OFFER.show, Asked({}), scheduler)
    assert page.facts["all_gone"]
    assert page.facts["slots"], "others are free"
    with pytest.raises(SlotTaken):
        flow.run(SLOT.show, Asked({}), slot)
    page = flow.run(SLOT.taken, Asked({}), slot)
    assert "All the times in the mail have been taken meanwhile." in words(flow, page)
    others = page.facts["others"]
    assert isinstance(others, list)
    assert EARLY not in [one.start for one in others]
    fresh = Asked({"start": others[0].start.isoformat()})
    flow.run(OFFER.pick, fresh, scheduler)
    made = flow.run(lambda unit: bookings.booking_of(unit, unit.db.all(Offer)[0]))
    assert made is not None
    assert made.start == others[0].start


def again(flow: Flow, offer: Sent, command: str) -> None:
    flow.wait(minutes=1)
    flow.reply(DANA, offer, command)


@pytest.mark.parametrize("command", ["/offer coaching", "/offer coaching next week", NAMED])
def test_another_offer_of_the_type_takes_its_place(flow: Flow, command: str) -> None:
    again(flow, offered(flow), command)
    for token, door in zip(tokens(flow, 0), (OFFER, SLOT), strict=True):
        for act in (door.show, door.pick):
            with pytest.raises(Expired):
                flow.run(act, Asked({"start": EARLY.isoformat()}), token)
        assert flow.run(door.expired, Asked({}), token).facts["more_url"]
    flow.run(SLOT.pick, Asked({}), tokens(flow, 1)[1])
    assert the_booking(flow).client_address == "joe@client.test"


def test_an_offer_of_another_type_does_not(flow: Flow) -> None:
    again(flow, offered(flow), "/offer intake")
    flow.run(SLOT.pick, Asked({}), tokens(flow, 0)[1])
    assert the_booking(flow).type == "coaching"


def test_an_offer_for_somebody_else_does_not(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    flow.reply(DANA, asked, "/offer coaching joe@client.test")
    again(flow, asked, "/offer coaching ann@friend.test")
    flow.run(SLOT.pick, Asked({}), tokens(flow, 0)[1])
    assert the_booking(flow).client_address == "joe@client.test"


def test_other_times_for_a_booking_do_not_end_the_offer_that_it_came_from(flow: Flow) -> None:
    offer = offered(flow)
    booked = to(flow.reply(JOE, offer, "1"), "joe@client.test")
    flow.wait(minutes=1)
    flow.reply(JOE, booked, "move")
    flow.reply(JOE, offer, "5")
    fifth = flow.run(lambda unit: unit.db.all(OfferedSlot, number=5))[0]
    assert the_booking(flow).start == fifth.start
