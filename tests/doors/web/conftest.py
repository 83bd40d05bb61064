"""What the tests of the pages share: a mailflow in a folder, and its pages on a port of loopback."""

import os
import re
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from playwright.async_api import BrowserContext, async_playwright

from mailflow.doors.calendars import Calendars
from mailflow.doors.web import Web
from mailflow.nodes import be_seen
from mailflow.store.tables import Booking, Offer
from tests.flow import SETTINGS, Flow, Sent, to

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
MORE_TYPES = """
[[appointment_types]]
slug = "duo"
title = "With both"
hosts = ["dana", "erik"]
duration = "60m"
questions = [{ label = "Why both?", required = true }, { label = "Anything else?" }]
[[appointment_types]]
slug = "careful"
title = "With confirmation"
hosts = ["dana"]
duration = "30m"
location = "https://meet.example.com/dana"
confirm_public = true
"""


@dataclass
class Pages:
    """Pages that are being served, and a browser of a kind to look at them."""

    flow: Flow
    browser: httpx.AsyncClient
    internal: str

    @property
    def origin(self) -> str:
        return self.flow.config.mailflow.public_url

    def offer(self, words: str = "/offer coaching", client: str = "joe@client.test") -> Sent:
        """The copy of an offer that a client gets who wrote to the host."""
        first = to(self.flow.mail(client, "dana@flow.test", "Hello."), "dana@coach.test")
        return to(self.flow.reply("dana@coach.test", first, words), client)

    def bookings(self) -> list[Booking]:
        return self.flow.run(lambda unit: unit.db.all(Booking))

    def last_offer(self) -> Offer:
        return self.flow.run(lambda unit: unit.db.all(Offer))[-1]


def links(mail: Sent, kind: str) -> list[str]:
    """The links of one kind in a mail, in their order, each once."""
    return list(dict.fromkeys(re.findall(rf"http://\S+?/{kind}/[^\s/\"<>]+", mail.text)))


@dataclass
class Seen(HTMLParser):
    """What stands on a page: its links, its forms' actions, its fields, its text."""

    page: str
    links: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    fields: dict[str, dict[str, str | None]] = field(default_factory=dict)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "a":
            self.links.append(facts.get("href") or "")
        elif tag == "form" and facts.get("method") == "post":
            self.actions.append(facts.get("action") or "")
        elif tag in ("input", "textarea"):
            self.fields[facts.get("name") or ""] = facts

    def handle_data(self, data: str) -> None:
        self.text += data


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    """A mailflow with its pages served at its public URL."""
    port, internal = free_port(), free_port()
    origin = f"http://127.0.0.1:{port}"
    web = f'[web]\nlisten = "127.0.0.1:{port}"\ninternal_listen = "127.0.0.1:{internal}"\n'
    settings = SETTINGS.replace("https://flow.test", origin).replace(
        "[authentication]", f"{web}[authentication]"
    )
    flow = Flow(tmp_path, settings + MORE_TYPES)
    flow.run(be_seen, "here", ["web", "worker"])
    flow.store.start()
    door = Web(flow.store, Calendars(flow.store))
    assert await door.start() == ("127.0.0.1", port)
    try:
        async with httpx.AsyncClient(base_url=origin) as browser:
            yield Pages(flow, browser, f"http://127.0.0.1:{internal}")
    finally:
        await door.stop()
        flow.close()


OpenBrowser = Callable[..., Awaitable[BrowserContext]]


@pytest.fixture
async def open_browser() -> AsyncIterator[OpenBrowser]:
    """Opens Chromium, with the options of a Playwright context."""
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())

        async def start(**options: object) -> BrowserContext:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            stack.push_async_callback(browser.close)
            return await browser.new_context(**options)  # type: ignore[arg-type]

        yield start
