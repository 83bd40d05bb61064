"""The pages over HTTP: what each link shows, what its button does, and with which status."""

import asyncio
import re

import pytest

from mailflow.keys import Purpose
from mailflow.store.states import Status
from mailflow.store.tables import Participant
from tests.doors.web.conftest import Pages, Seen, links
from tests.flow import to


async def test_a_slot_is_booked_by_its_button_alone(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    for _ in range(50):
        assert (await pages.browser.get(slot)).status_code == 200
        assert (await pages.browser.head(slot)).status_code == 200
    assert pages.bookings() == []
    shown = Seen((await pages.browser.get(slot)).text)
    assert shown.actions == [slot]
    assert "Not booked yet" in shown.text

    answer = await pages.browser.post(slot)
    assert answer.status_code == 303
    assert pages.origin + answer.headers["location"] == slot
    seen = await pages.browser.get(slot)
    assert seen.status_code == 200
    assert "Booked" in seen.text
    assert "/booking/" not in seen.text, "no right to cancel or to move"
    (booking,) = pages.bookings()
    assert booking.start.isoformat() == "2026-11-23T12:00:00+00:00"


async def test_the_same_button_pressed_often_books_once(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    answers = await asyncio.gather(*(pages.browser.post(slot) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {303}
    assert len(pages.bookings()) == 1
    assert len([one for one in pages.flow.sent() if one.recipient == "joe@client.test"]) == 1


async def test_another_slot_of_the_offer_moves_the_booking(pages: Pages) -> None:
    first, second, *_ = links(pages.offer(), "slot")
    await pages.browser.post(first)
    assert "Move to this time" in (await pages.browser.get(second)).text
    assert (await pages.browser.post(second)).status_code == 303
    (booking,) = pages.bookings()
    assert booking.sequence == 1
    assert "Booked" in (await pages.browser.get(second)).text


async def test_after_a_cancellation_the_links_book_anew(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    await pages.browser.post(slot)
    own = links(to(pages.flow.sent(), "joe@client.test"), "booking")[0]
    assert (await pages.browser.post(f"{own}/cancel")).status_code == 303
    assert "Book this time" in (await pages.browser.get(slot)).text
    await pages.browser.post(slot)
    assert [one.status for one in pages.bookings()] == [Status.CANCELLED, Status.CONFIRMED]


async def test_a_slot_that_has_gone(pages: Pages) -> None:
    joe, ann = (pages.offer(client=f"{name}@client.test") for name in ("joe", "ann"))
    await pages.browser.post(links(joe, "slot")[0])
    for answer in (
        await pages.browser.get(links(ann, "slot")[0]),
        await pages.browser.post(links(ann, "slot")[0]),
    ):
        assert answer.status_code == 409
        others = [one for one in Seen(answer.text).links if "/slot/" in one]
        assert others == links(ann, "slot")[1:]
    assert (await pages.browser.post(others[0])).status_code == 303


async def test_an_offer_that_is_somebody_elses_already(pages: Pages) -> None:
    first = to(
        pages.flow.mail("joe@client.test", ["dana@flow.test", "ann@client.test"]), "dana@coach.test"
    )
    copies = pages.flow.reply("dana@coach.test", first, "/offer coaching")
    joe, ann = (to(copies, f"{name}@client.test") for name in ("joe", "ann"))
    await pages.browser.post(links(joe, "slot")[0])
    for link in (links(ann, "slot")[0], links(ann, "slot")[1], links(ann, "offer")[0]):
        answer = await pages.browser.get(link)
        assert answer.status_code == 409
        public = [one for one in Seen(answer.text).links if "start=" in one]
        assert all(one.startswith(f"{pages.origin}/dana/coaching?start=") for one in public)
        assert (await pages.browser.get(public[0])).status_code == 200


async def test_an_offer_past_its_life(pages: Pages) -> None:
    mail = pages.offer()
    pages.flow.wait(days=8)
    for link in (links(mail, "slot")[0], links(mail, "offer")[0]):
        for answer in (await pages.browser.get(link), await pages.browser.post(link)):
            assert answer.status_code == 410
        shown = Seen((await pages.browser.get(link)).text)
        assert f"{pages.origin}/dana/coaching" in shown.links


async def test_an_offer_whose_conversation_was_closed(pages: Pages) -> None:
    mail = pages.offer()
    pages.flow.reply("dana@coach.test", mail, "/close")
    assert (await pages.browser.get(links(mail, "slot")[0])).status_code == 410


async def test_the_questions_of_a_type_are_asked_and_nothing_typed_is_lost(pages: Pages) -> None:
    slot = links(pages.offer("/offer duo"), "slot")[0]
    again = await pages.browser.post(slot, data={"question-2": "Tea & <b>cake</b>"})
    assert again.status_code == 422
    shown = Seen(again.text)
    assert shown.fields["question-1"]["aria-invalid"] == "true"
    assert "Please answer this question." in shown.text
    assert "Tea & <b>cake</b>" in shown.text
    assert pages.bookings() == []
    done = await pages.browser.post(
        slot, data={"question-1": " Two heads\r\nknow more ", "zone": "America/New_York"}
    )
    assert done.status_code == 303
    (booking,) = pages.bookings()
    assert booking.answers == (("Why both?", "Two heads\nknow more"),)
    assert booking.zone == "America/New_York"
    assert (await pages.browser.post(slot)).status_code == 303, "it is booked already"


async def test_the_scheduler_of_an_offer(pages: Pages) -> None:
    offer = links(pages.offer(), "offer")[0]
    page = Seen((await pages.browser.get(offer)).text)
    times = [one for one in page.links if "start=" in one]
    assert times[0] == f"{offer}?start=2026-11-23T12:00:00Z"
    shown = await pages.browser.get(times[1])
    assert Seen(shown.text).actions == [times[1]]
    answer = await pages.browser.post(times[1])
    assert answer.status_code == 303
    seen = await pages.browser.get(answer.headers["location"])
    assert "Booked" in seen.text
    (booking,) = pages.bookings()
    assert booking.offer == pages.last_offer().id
    assert "Choose another time" in (await pages.browser.get(offer)).text


async def test_the_scheduler_takes_no_time_that_is_not_free(pages: Pages) -> None:
    offer = links(pages.offer(), "offer")[0]
    for start in ("2026-11-23T12:01:00Z", "2026-11-22T12:00:00Z", "2199-12-31T23:59Z"):
        assert (await pages.browser.post(offer, data={"start": start})).status_code == 409
    assert (await pages.browser.post(offer, data={"start": "soon"})).status_code == 422
    assert (await pages.browser.post(offer)).status_code == 422
    assert pages.bookings() == []


async def test_the_page_of_a_booking(pages: Pages) -> None:
    await pages.browser.post(links(pages.offer(), "slot")[0])
    copies = pages.flow.sent()
    own = links(to(copies, "joe@client.test"), "booking")[0]
    hosts = links(to(copies, "dana@coach.test"), "booking")[0]
    assert own != hosts
    shown = Seen((await pages.browser.get(own)).text)
    assert {f"{own}/{what}" for what in ("invite.ics", "move", "cancel")} <= set(shown.links)
    calendar = await pages.browser.get(f"{own}/invite.ics")
    assert calendar.headers["content-type"] == "text/calendar; charset=utf-8"
    assert 'filename="invite.ics"' in calendar.headers["content-disposition"]
    assert b"joe@client.test" in calendar.content
    assert b"METHOD" not in calendar.content


async def test_a_booking_is_moved_on_its_page(pages: Pages) -> None:
    await pages.browser.post(links(pages.offer(), "slot")[0])
    own = links(to(pages.flow.sent(), "joe@client.test"), "booking")[0]
    page = Seen((await pages.browser.get(f"{own}/move")).text)
    time = next(one for one in page.links if "start=" in one)
    shown = Seen((await pages.browser.get(time)).text)
    assert "Now:" in shown.text
    assert pages.bookings()[0].sequence == 0
    answer = await pages.browser.post(shown.actions[0])
    assert answer.status_code == 303
    assert pages.origin + answer.headers["location"] == own
    assert (await pages.browser.post(shown.actions[0])).status_code == 303
    assert [one.sequence for one in pages.bookings()] == [1]
    gone = await pages.browser.post(f"{own}/move?start=2026-11-23T03:00:00Z")
    assert gone.status_code == 409
    assert f"{own}/move?start=" in gone.text


async def test_a_booking_is_cancelled_once(pages: Pages) -> None:
    await pages.browser.post(links(pages.offer(), "slot")[0])
    own = links(to(pages.flow.sent(), "joe@client.test"), "booking")[0]
    assert Seen((await pages.browser.get(f"{own}/cancel")).text).actions == [f"{own}/cancel"]
    assert pages.bookings()[0].status is Status.CONFIRMED
    for _ in range(2):
        assert (await pages.browser.post(f"{own}/cancel")).status_code == 303
    assert [one.recipient for one in pages.flow.sent()].count("joe@client.test") == 1
    shown = Seen((await pages.browser.get(own)).text)
    assert "Cancelled" in shown.text
    assert f"{pages.origin}/dana/coaching" in shown.links
    assert not any(one.endswith(("/move", "/cancel")) for one in shown.links)
    assert (await pages.browser.post(f"{own}/move?start=2026-11-24T08:00Z")).status_code == 409


async def test_past_the_cut_off_nothing_is_changed(pages: Pages) -> None:
    await pages.browser.post(links(pages.offer(), "slot")[0])
    own = links(to(pages.flow.sent(), "joe@client.test"), "booking")[0]
    pages.flow.wait(hours=2)
    for path in ("/move", "/cancel", "/move?start=2026-11-24T08:00:00Z"):
        assert (await pages.browser.get(own + path)).status_code == 409
        assert (await pages.browser.post(own + path)).status_code in (409, 422)
    assert not any(
        one.endswith("/cancel") for one in Seen((await pages.browser.get(own)).text).links
    )
    assert pages.bookings()[0].sequence == 0


async def test_a_public_page_books_for_whom_it_is_told(pages: Pages) -> None:
    assert f"{pages.origin}/dana/coaching" in Seen((await pages.browser.get("/dana")).text).links
    page = Seen((await pages.browser.get("/dana/coaching?zone=Asia/Tokyo")).text)
    time = next(one for one in page.links if "start=" in one)
    form = Seen((await pages.browser.get(time)).text)
    assert {"name", "email", "zone"} <= set(form.fields)
    answer = await pages.browser.post(
        form.actions[0], data={"name": "Joe Client", "email": "joe@client.test", "zone": ""}
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/booking/view/")
    shown = Seen((await pages.browser.get(answer.headers["location"])).text)
    assert "Asia/Tokyo" in shown.text
    assert not any("/booking/" in one for one in shown.links)
    (booking,) = pages.bookings()
    assert (booking.client_name, booking.zone) == ("Joe Client", "Asia/Tokyo")
    gone = await pages.browser.post(
        form.actions[0], data={"name": "Ann", "email": "ann@client.test"}
    )
    assert gone.status_code == 409
    assert (await pages.browser.get(time)).status_code == 409


async def test_an_offer_whose_times_are_all_taken_says_so(pages: Pages) -> None:
    joe = pages.offer("/offer coaching 2026-11-23T14:00 2026-11-24T10:00")
    ann = pages.offer("/offer coaching 2026-11-23T14:00 2026-11-24T10:00", "ann@client.test")
    bob = pages.offer("/offer coaching 2026-11-23T14:00 2026-11-24T10:00", "bob@client.test")
    await pages.browser.post(links(joe, "slot")[0])
    assert "have all" not in (await pages.browser.get(links(bob, "slot")[0])).text
    assert "have all" not in (await pages.browser.get(links(bob, "offer")[0])).text
    await pages.browser.post(links(ann, "slot")[1])
    for link, status in ((links(bob, "slot")[0], 409), (links(bob, "offer")[0], 200)):
        answer = await pages.browser.get(link)
        assert answer.status_code == status
        shown = Seen(answer.text)
        assert "have all" in shown.text
        fresh = [one for one in shown.links if "start=" in one]
        assert all(one.startswith(links(bob, "offer")[0]) for one in fresh)
        assert (await pages.browser.get(fresh[0])).status_code == 200
    assert (await pages.browser.post(fresh[0])).status_code == 303
    assert len(pages.bookings()) == 3


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        pytest.param({}, {"name", "email"}, id="nothing"),
        pytest.param({"name": " ", "email": "joe@client.test"}, {"name"}, id="a blank name"),
        pytest.param({"name": "Joe", "email": "joe@"}, {"email"}, id="half an address"),
        pytest.param({"name": "Joe", "email": "dana@flow.test"}, {"email"}, id="our own address"),
        pytest.param({"name": "Joe", "email": "a@b\r\nBcc: c@d"}, {"email"}, id="two lines"),
        pytest.param({"name": "J" * 101, "email": "joe@client.test"}, {"name"}, id="a long name"),
        pytest.param({"name": "J" * 5000, "email": "joe@client.test"}, {"name"}, id="longer"),
    ],
)
async def test_a_form_with_mistakes(pages: Pages, typed: dict[str, str], wrong: set[str]) -> None:
    answer = await pages.browser.post("/dana/coaching?start=2026-11-24T08:00:00Z", data=typed)
    assert answer.status_code == 422
    fields = Seen(answer.text).fields
    assert {name for name, one in fields.items() if "aria-invalid" in one} == wrong
    for name, value in typed.items():
        assert fields[name]["value"] == " ".join(value.splitlines()) or name == "email"
    assert pages.bookings() == []


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/dana", "Appointments with Dana Coach"),
        ("/dana/coaching", "Coaching session with Dana Coach"),
        ("/dana/coaching?start=2026-11-24T08:00:00Z", "Coaching session with Dana Coach"),
    ],
)
async def test_a_link_that_is_pasted_says_what_it_is(pages: Pages, path: str, title: str) -> None:
    (said,) = re.findall(
        '<meta property="og:title" content="(.*?)">', (await pages.browser.get(path)).text
    )
    assert re.sub("[\u2066-\u2069]", "", said) == title


async def test_a_type_of_two_hosts_is_found_at_both(pages: Pages) -> None:
    for path in ("/dana/duo", "/erik/duo", "/ERIK/DUO"):
        assert (await pages.browser.get(path)).status_code == 200
    assert (await pages.browser.get("/erik/coaching")).status_code == 404


async def test_only_links_of_ours_open_anything(pages: Pages) -> None:
    mail = pages.offer()
    await pages.browser.post(links(mail, "slot")[0])
    booking = links(to(pages.flow.sent(), "joe@client.test"), "booking")[0].rpartition("/")[2]
    slot = links(mail, "slot")[0].rpartition("/")[2]
    offer = links(mail, "offer")[0].rpartition("/")[2]
    tokens = {"slot": slot, "offer": offer, "booking": booking}
    wrong = [f"/{kind}/{tokens[other]}" for kind in tokens for other in tokens if kind != other]
    wrong += [
        f"/{path}/{token}" for path in ("booking/view", "confirm") for token in tokens.values()
    ]
    wrong += [f"/booking/{slot}/{what}" for what in ("move", "cancel", "invite.ics")]
    wrong += [f"/slot/{slot[:end]}" for end in (1, 10, len(slot) - 1)]
    wrong += [f"/slot/{slot[:at]}{_other(slot[at])}{slot[at + 1 :]}" for at in range(len(slot))]
    wrong += ["/slot/", "/slot", f"/slot/{slot}/", f"/slot/{slot}=", "/slot/" + "a" * 9000, "/"]
    wrong += ["/slot/%00%ff", "/nobody", "/dana/nothing", "/dana/coaching/", "/assets/base.html"]
    for path in wrong:
        for answer in (await pages.browser.get(path), await pages.browser.post(path)):
            assert answer.status_code in (404, 405), path
    assert len(pages.bookings()) == 1


async def test_a_link_about_what_is_not_there(pages: Pages) -> None:
    keys = pages.flow.house.keys
    pages.offer()
    offer = pages.last_offer().id
    for path in (
        f"/slot/{keys.link(Purpose.SLOT, offer, 99, 2)}",
        f"/slot/{keys.link(Purpose.SLOT, offer, 1, 99)}",
        f"/offer/{keys.link(Purpose.OFFER, 'nothing', 1)}",
        f"/booking/{keys.link(Purpose.BOOKING, 'nothing', 1)}",
        f"/booking/view/{keys.link(Purpose.VIEW, 'nothing')}",
        f"/confirm/{keys.link(Purpose.CONFIRM, 'nothing')}",
    ):
        assert (await pages.browser.get(path)).status_code == 404


async def test_the_host_has_no_use_for_the_links_of_an_offer(pages: Pages) -> None:
    pages.offer()
    everybody = pages.flow.run(lambda unit: unit.db.all(Participant))
    host = next(one for one in everybody if one.handle == "dana")
    token = pages.flow.house.keys.link(Purpose.SLOT, pages.last_offer().id, 1, host.id)
    assert (await pages.browser.post(f"/slot/{token}")).status_code == 404


async def test_foreign_text_stays_text(pages: Pages) -> None:
    nasty = '"><script>alert(1)</script>{{7*7}}'
    answer = await pages.browser.post(
        "/dana/duo?start=2026-11-24T14:00:00Z",
        data={"name": nasty, "email": nasty, "question-1": f"</textarea>{nasty}"},
    )
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    (script,) = re.findall(r"<script[^>]*>", answer.text)
    assert script.startswith('<script src="/assets/zone.js?v=')


def _other(letter: str) -> str:
    return "A" if letter != "A" else "B"
