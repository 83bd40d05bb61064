"""A link shows, a button books: whoever follows links, and whatever tokens they try."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mailflow.doors.web.places import PLACES
from mailflow.keys import Purpose
from mailflow.store.states import Status
from mailflow.store.tables import Attendee, Participant
from tests.doors.web.conftest import CHROMIUM, OpenBrowser, Pages, Seen, links
from tests.doors.web.test_guard import raw
from tests.flow import to

Scanner = Callable[[Pages, str], Awaitable[None]]

PURPOSES = {
    "/slot/": Purpose.SLOT,
    "/offer/": Purpose.OFFER,
    "/booking/": Purpose.BOOKING,
    "/booking/view/": Purpose.VIEW,
    "/confirm/": Purpose.CONFIRM,
}
"""What opens each place."""

CALENDAR_FILE = "/booking/{token}/invite.ics"


async def asks_for_the_head(pages: Pages, link: str) -> None:
    assert (await pages.browser.head(link)).status_code == 200
    assert (await pages.browser.options(link)).status_code == 405


async def follows_it(pages: Pages, link: str) -> None:
    assert (await pages.browser.get(link)).status_code == 200


async def follows_it_from_five_networks(pages: Pages, link: str) -> None:
    asked = (
        pages.browser.get(link, headers={"X-Forwarded-For": f"198.51.100.{number}"})
        for number in range(5)
    )
    assert {one.status_code for one in await asyncio.gather(*asked)} == {200}


async def fetches_it_in_advance(pages: Pages, link: str) -> None:
    headers = {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"}
    assert (await pages.browser.get(link, headers=headers)).status_code == 200


async def takes_it_for_an_image(pages: Pages, link: str) -> None:
    headers = {"User-Agent": "GoogleImageProxy", "Accept": "image/*", "Range": "bytes=0-99"}
    assert (await pages.browser.get(link, headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "scanner",
    [
        asks_for_the_head,
        follows_it,
        follows_it_from_five_networks,
        fetches_it_in_advance,
        takes_it_for_an_image,
    ],
)
async def test_a_scanner_changes_nothing(pages: Pages, scanner: Scanner) -> None:
    """Every page that has a button is looked at, and all that it links to."""
    mail = pages.offer()
    first, second, *_ = links(mail, "slot")
    await scanner(pages, second)
    await scanner(pages, links(mail, "offer")[0])
    assert pages.bookings() == []
    await pages.browser.post(first)
    own = links(to(pages.flow.sent(), "joe@client.test"), "booking")[0]
    pending = await confirmation(pages)
    for link in (second, own, f"{own}/move", f"{own}/cancel", pending):
        await scanner(pages, link)
        for further in Seen((await pages.browser.get(link)).text).links:
            if further.startswith(pages.origin):
                assert (await pages.browser.get(further)).status_code == 200
    found = [(one.status, one.sequence) for one in pages.bookings()]
    assert found == [(Status.CONFIRMED, 0), (Status.PENDING, 0)]
    assert pages.flow.sent() == []


async def confirmation(pages: Pages) -> str:
    """The link that confirms a booking."""
    form = {"name": "Sam", "email": "sam@elsewhere.test"}
    await pages.browser.post("/dana/careful?start=2026-11-24T14:00:00Z", data=form)
    return links(to(pages.flow.sent(), "sam@elsewhere.test"), "confirm")[0]


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
async def test_a_scanner_with_a_browser_changes_nothing_unless_it_presses(
    pages: Pages, open_browser: OpenBrowser
) -> None:
    context = await open_browser()
    page = await context.new_page()
    mail = pages.offer()
    slot = links(mail, "slot")[0]
    await page.goto(f"{pages.origin}/dana")
    for relation in ("prefetch", "prerender", "preload"):
        script = "([rel, href]) => document.head.append(Object.assign(document.createElement('link'), {rel, href}))"
        await page.evaluate(script, [relation, slot])
    for link in (slot, links(mail, "offer")[0], await confirmation(pages)):
        await page.goto(link)
        await page.wait_for_load_state("networkidle")
        await page.mouse.move(100, 100)
        await page.mouse.wheel(0, 2000)
    assert [one.status for one in pages.bookings()] == [Status.PENDING]

    await page.goto(slot)
    async with page.expect_navigation():
        await page.locator("button").first.click()
    assert pages.bookings()[-1].status is Status.CONFIRMED
    told = to(pages.flow.sent(), "joe@client.test")
    assert "cancel" in told.text.lower()
    await page.goto(f"{links(told, 'booking')[0]}/cancel")
    async with page.expect_navigation():
        await page.locator("button").first.click()
    assert pages.bookings()[-1].status is Status.CANCELLED, "what a scanner did is undone"


async def test_a_token_opens_the_places_of_its_purpose_alone(pages: Pages) -> None:
    keys, rows = pages.flow.house.keys, await everything(pages)
    before = pages.bookings()
    for path in [*(one.path for one in PLACES if "{token}" in one.path), CALENDAR_FILE]:
        right = PURPOSES[path.partition("{token}")[0]]
        for purpose in Purpose:
            link = path.format(token=keys.link(purpose, *rows[right]))
            shown = await pages.browser.get(link)
            assert shown.status_code == (200 if purpose is right else 404), (path, purpose)
            if purpose is not right:
                assert (await pages.browser.post(link)).status_code in (404, 405), (path, purpose)
            address = keys.address_token(purpose, str(rows[right][0]), "dana")
            assert (await pages.browser.get(path.format(token=address))).status_code == 404
    assert pages.bookings() == before


async def everything(pages: Pages) -> dict[Purpose, tuple[str | int, ...]]:
    """What links of each purpose are about, all of it there: an offer, a booking, one that is pending."""
    await confirmation(pages)
    await pages.browser.post(links(pages.offer(), "slot")[0])
    offer = pages.last_offer().id
    pending, booking = pages.bookings()
    found = pages.flow.run(lambda unit: unit.db.all(Participant, conversation=booking.thread))
    client = next(one.id for one in found if one.address == booking.client_address)
    attendees = pages.flow.run(lambda unit: unit.db.all(Attendee, booking=booking.id))
    return {
        Purpose.SLOT: (offer, 2, client),
        Purpose.OFFER: (offer, client),
        Purpose.BOOKING: (booking.id, attendees[0].id),
        Purpose.VIEW: (booking.id,),
        Purpose.CONFIRM: (pending.id,),
    }


async def test_another_offer_of_the_same_type_ends_the_first(pages: Pages) -> None:
    first = pages.offer()
    second = to(pages.flow.reply("dana@coach.test", first, "/offer coaching"), "joe@client.test")
    for kind in ("slot", "offer"):
        old, new = links(first, kind)[0], links(second, kind)[0]
        assert (await pages.browser.get(old)).status_code == 410
        assert (await pages.browser.post(old)).status_code == 410
        assert (await pages.browser.get(new)).status_code == 200
    assert pages.bookings() == []


async def test_a_token_without_end_is_refused_at_once(pages: Pages) -> None:
    slot = links(pages.offer(), "slot")[0]
    for length in (1_000, 15_000):
        assert (await pages.browser.get(f"{slot}{'x' * length}")).status_code == 404
    # Of a longer one no more is read than this.
    for path in (f"/slot/{'x' * 50_000}", f"/booking/{'%00' * 15_000}/move"):
        answer = await raw(pages, f"GET {path} HTTP/1.1\r\nHost: {slot[7:]}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 400")
