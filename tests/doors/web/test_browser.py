"""A real browser goes through the whole story: without JavaScript by keyboard alone, and with it."""

import pytest
from playwright.async_api import Page

from mailflow.store.states import Status
from tests.doors.web.conftest import CHROMIUM, OpenBrowser, Pages, links
from tests.flow import to
from tests.test_rendering import HOSTILE

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

MOST_TABS = 80
"""A month has thirty links, and a few more stand around it."""


async def press(page: Page, selector: str, typed: str | None = None) -> None:
    """Reach something with the tab key alone, then type into it, or press it."""
    for _ in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.locator(f":focus:is({selector})").count():
            break
    else:
        raise AssertionError(f"{selector} is not reached with the tab key")
    if typed is not None:
        await page.keyboard.type(typed)
        return
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def test_by_keyboard_and_without_javascript(pages: Pages, open_browser: OpenBrowser) -> None:
    context = await open_browser(
        java_script_enabled=False, viewport={"width": 320, "height": 640}, color_scheme="dark"
    )
    page = await context.new_page()
    mail = pages.offer()
    slot = links(mail, "slot")[0]
    await page.goto(slot)
    await press(page, "button")
    assert page.url == slot
    assert "Booked" in await page.inner_text("main")

    await page.goto(links(mail, "offer")[0])
    await press(page, "a[href*='day=2026-11-24']")
    await press(page, "a[href*='start=2026-11-24']")
    assert "Move your appointment" in await page.inner_text("main")
    assert "09:00" in await page.inner_text(".time:not(.was)")
    await press(page, "a[href*='zones=all']")
    await press(page, "select", "Asia/Tokyo")
    await press(page, "button")
    assert "Asia/Tokyo, UTC+9" in await page.inner_text(".time:not(.was)")
    await press(page, "button")
    assert "Booked" in await page.inner_text("main")
    (booking,) = pages.bookings()
    assert (booking.start.day, booking.sequence) == (24, 1)

    await page.goto(links(to(pages.flow.sent()[-2:], "joe@client.test"), "booking")[0])
    await press(page, "a[href$='/cancel']")
    await press(page, "button")
    assert "Cancelled" in await page.inner_text("main")
    assert pages.bookings()[0].status is Status.CANCELLED


async def test_a_stranger_books_on_the_public_page(pages: Pages, open_browser: OpenBrowser) -> None:
    context = await open_browser(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{pages.origin}/dana")
    await press(page, "a[href$='/duo']")
    await press(page, "a[href*='start=']")
    await press(page, "[name=name]", "Sam Stranger")
    await press(page, "[name=email]", "sam@elsewhere.test")
    await press(page, "[name=question-1]", "Two heads know more")
    await press(page, "button")
    assert "/booking/view/" in page.url
    (booking,) = pages.bookings()
    assert (booking.client_name, booking.zone) == ("Sam Stranger", None)


async def test_a_stranger_confirms_what_they_booked(
    pages: Pages, open_browser: OpenBrowser
) -> None:
    context = await open_browser(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = await context.new_page()
    await page.goto(f"{pages.origin}/dana/careful?start=2026-11-24T08:00:00Z")
    await press(page, "[name=name]", "Sam Stranger")
    await press(page, "[name=email]", "sam@elsewhere.test")
    await press(page, "button")
    assert "Almost there" in await page.inner_text("main")
    await page.goto(links(to(pages.flow.sent(), "sam@elsewhere.test"), "confirm")[0])
    assert pages.bookings()[0].status is Status.PENDING
    await press(page, "button")
    assert "Booked" in await page.inner_text("main")
    assert pages.bookings()[0].status is Status.CONFIRMED


async def test_the_browser_tells_the_visitors_zone(pages: Pages, open_browser: OpenBrowser) -> None:
    context = await open_browser(timezone_id="Asia/Tokyo")
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    mail = pages.offer()
    await page.goto(links(mail, "slot")[0])
    assert "Where you are (Asia/Tokyo): Monday 23 November at 21:00" in await page.inner_text(
        "main"
    )
    assert pages.bookings() == [], "looking books nothing, with JavaScript neither"
    await page.click("button")
    await page.wait_for_load_state()
    assert pages.bookings()[0].zone == "Asia/Tokyo"
    assert "21:00" in await page.inner_text(".time")
    await page.goto(f"{pages.origin}/dana/coaching")
    await page.click("text=Show times in Asia/Tokyo")
    await page.wait_for_load_state()
    assert "zone=Asia/Tokyo" in page.url.replace("%2F", "/")
    assert complaints == []


async def test_another_sites_form_is_refused(pages: Pages, open_browser: OpenBrowser) -> None:
    context = await open_browser()
    page = await context.new_page()
    slot = links(pages.offer(), "slot")[0]

    await page.route(
        "http://evil.example/",
        lambda route: route.fulfill(
            content_type="text/html", body=f'<form method="post" action="{slot}"><button>!</button>'
        ),
    )
    await page.goto("http://evil.example/")
    async with page.expect_response(slot) as answer:
        await page.click("button")
    assert (await answer.value).status == 403
    assert pages.bookings() == []


async def test_what_a_stranger_types_is_shown_and_does_nothing(
    pages: Pages, open_browser: OpenBrowser
) -> None:
    context = await open_browser()
    page = await context.new_page()
    asked: list[str] = []
    done: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: done.append(dialog.message))
    page.on("pageerror", lambda error: done.append(str(error)))
    page.on(
        "console", lambda message: done.append(message.text) if "Policy" in message.text else None
    )
    typed = " ".join(one for one in HOSTILE if one.isprintable())

    await page.goto(f"{pages.origin}/dana/duo?start=2026-11-24T14:00:00Z")
    for name in ("name", "email", "question-1", "question-2"):
        await page.fill(f"[name={name}]", typed)
    await page.click("button")
    assert await page.input_value("[name=question-2]") == typed, "the page with the mistakes"
    await page.fill("[name=name]", '"><img src=//evil.example onerror=alert(1)>')
    await page.fill("[name=email]", "eve@evil.test")
    await page.click("button")
    await page.goto(links(to(pages.flow.sent(), "eve@evil.test"), "booking")[0])
    assert "onerror=alert(1)" in await page.inner_text("main"), "the booking, with its people"
    await page.wait_for_load_state("networkidle")
    assert done == []
    assert {url for url in asked if not url.startswith(f"{pages.origin}/")} == set()
