"""A client with a real browser, before a mailflow that serves as a process of its own."""

import re
import socket
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.doors.web.conftest import CHROMIUM
from tests.end_to_end.test_the_main_job import offered
from tests.end_to_end.world import World

FLAGS = ["--no-sandbox", "--disable-gpu"]


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
async def test_a_link_of_the_mail_books_by_its_button(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = f"http://127.0.0.1:{port}"
    world = World(tmp_path)
    try:
        world.start(MAILFLOW_WEB__LISTEN=f"127.0.0.1:{port}", MAILFLOW_MAILFLOW__PUBLIC_URL=site)
        link = re.search(rf"{site}/slot/\S+", offered(world).text)
        assert link
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = await browser.new_page()
            await page.goto(link[0])
            assert world.read("bookings") == []
            await page.get_by_role("button", name="Book this time").click()
            await expect(page.get_by_text("Booked", exact=True)).to_be_visible()
            await browser.close()
        booked = world.boxes.wait("joe@client.test", "booking")
        assert f"{site}/booking/" in booked.text
        assert [one["status"] for one in world.read("bookings")] == ["confirmed"]
    finally:
        world.close()
