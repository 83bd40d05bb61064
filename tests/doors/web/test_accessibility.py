"""Every page in every state: for everybody's eyes, screens, and readers (WCAG 2.2 AA)."""

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Route

from mailflow.doors.web.guard import security_headers
from mailflow.doors.web.site import ASSETS
from mailflow.rendering import Templates, packaged_templates
from tests.doors.web.conftest import CHROMIUM, OpenBrowser
from tests.page_samples import PAGES

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

TEMPLATES = Templates([packaged_templates()])

SITE = "https://flow.example.com"

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}

NARROW, WIDE = {"width": 320, "height": 640}, {"width": 1200, "height": 900}


@pytest.fixture
async def page(open_browser: OpenBrowser) -> AsyncIterator[Page]:
    """A page of a browser for which our site is there, without a server: each sample at its name."""
    context = await open_browser()
    await context.route(f"{SITE}/**", _answer)
    yield await context.new_page()


async def _answer(route: Route) -> None:
    name = route.request.url.rpartition("/")[2].partition("?")[0]
    if name in ASSETS:
        body, media_type = TEMPLATES.asset(name), ASSETS[name]
    else:
        template, facts = PAGES[name]
        body, media_type = TEMPLATES.page(template, "en", **facts), "text/html"
    await route.fulfill(body=body, content_type=media_type, headers=dict(security_headers(SITE)))


async def look(page: Page, name: str, viewport: dict[str, int], scheme: str) -> list[str]:
    """What is wrong with a page on such a screen."""
    await page.set_viewport_size(viewport)  # type: ignore[arg-type]
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    where = f"{name}, {viewport['width']} px, {scheme}"
    found = await Axe().run(page, options=RULES)
    wrong = [
        f"{where}: {one['id']}: {node['html']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
    wide = await page.evaluate("document.documentElement.scrollWidth")
    return wrong if wide <= viewport["width"] else [*wrong, f"{where}: {wide} px wide"]


async def test_nothing_stands_in_anybodys_way(page: Page) -> None:
    wrong = []
    for name in PAGES:
        await page.goto(f"{SITE}/{name}")
        wrong += await look(page, name, NARROW, "light")
        wrong += await look(page, name, NARROW, "dark")
        wrong += await look(page, name, WIDE, "dark")
        wrong += await look(page, name, WIDE, "light")
    assert wrong == []


async def test_text_may_be_twice_as_large(page: Page) -> None:
    await page.set_viewport_size({"width": 640, "height": 640})
    for name in PAGES:
        await page.goto(f"{SITE}/{name}")
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 640, name


async def test_nothing_moves_for_those_who_asked_for_that(page: Page) -> None:
    await page.emulate_media(reduced_motion="no-preference")
    await page.goto(f"{SITE}/slot")
    speed = "getComputedStyle(document.querySelector('button')).transitionDuration"
    assert await page.evaluate(speed) == "0.15s"
    await page.emulate_media(reduced_motion="reduce")
    assert await page.evaluate(speed) == "0s"


async def test_paper_has_the_facts_and_no_buttons(page: Page) -> None:
    await page.emulate_media(media="print", color_scheme="dark")
    for name in ("booked", "slot", "scheduler"):
        await page.goto(f"{SITE}/{name}")
        assert await page.locator("h1").is_visible()
        assert await page.locator("button:visible, .button:visible").count() == 0, name
        paper = "getComputedStyle(document.documentElement).getPropertyValue('--card')"
        assert await page.evaluate(paper) == "#fff", "dark ink, whatever the screen has"
