"""The link that confirms a public booking: looked at by anybody, pressed once, and past its time."""

import asyncio

from mailflow.appointments.confirming import lapse_due
from mailflow.store.states import Status
from tests.doors.web.conftest import Pages, Seen, links
from tests.flow import to


async def test_a_public_booking_is_confirmed_by_its_link(pages: Pages) -> None:
    form = {"name": "Joe", "email": "joe@client.test"}
    path = "/dana/careful?start=2026-11-24T08:00:00Z"
    answer = await pages.browser.post(path, data=form)
    view = answer.headers["location"]
    waiting = Seen((await pages.browser.get(view)).text)
    assert "Almost there" in waiting.text
    assert "until 10:30" in waiting.text
    assert "meet.example.com" not in waiting.text
    (link,) = links(to(pages.flow.sent(), "joe@client.test"), "confirm")
    for _ in range(5):
        shown = Seen((await pages.browser.get(link)).text)
        assert (await pages.browser.head(link)).status_code == 200
    assert shown.actions == [link]
    assert "meet.example.com" not in shown.text
    assert [one.status for one in pages.bookings()] == [Status.PENDING]
    answers = await asyncio.gather(*(pages.browser.post(link) for _ in range(10)))
    assert {one.status_code for one in answers} == {303}
    assert [one.recipient for one in pages.flow.sent()].count("joe@client.test") == 1
    for page in (view, link):
        seen = Seen((await pages.browser.get(page)).text)
        assert "Booked" in seen.text
        assert not any("/booking/" in one for one in seen.links)
    assert (await pages.browser.post(path, data=form)).headers["location"] == view


async def test_a_public_booking_that_was_not_confirmed_in_time(pages: Pages) -> None:
    path = "/dana/careful?start=2026-11-24T08:00:00Z"
    answer = await pages.browser.post(path, data={"name": "Joe", "email": "joe@client.test"})
    (link,) = links(to(pages.flow.sent(), "joe@client.test"), "confirm")
    pages.flow.wait(minutes=30)
    for freed in (1, 0):
        for late in (await pages.browser.get(link), await pages.browser.post(link)):
            assert late.status_code == 410
            assert f"{pages.origin}/dana/careful" in Seen(late.text).links
        assert pages.flow.run(lapse_due) == freed
    seen = Seen((await pages.browser.get(answer.headers["location"])).text)
    assert "Cancelled" in seen.text
    assert "gets a mail" not in seen.text
    assert (await pages.browser.get(path)).status_code == 200, "it is free again"
