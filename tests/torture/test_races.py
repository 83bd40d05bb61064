"""Thousands press at once: a time has one winner, and all others are shown what else there is."""

import asyncio
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import parse_headers
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from mailflow.appointments.bookings import MOST_MOVES
from tests.conftest import Count, Figure
from tests.end_to_end.test_the_main_job import offered, slot_links
from tests.end_to_end.world import World
from tests.flow import SETTINGS
from tests.postgresql import Server

AT_ONCE = 50
"""Connections that press."""

NOW = "2026-11-23T09:00:00+00:00"

OVERLAPPING = """
[[appointment_types]]
slug = "hour"
title = "An hour, every five minutes"
hosts = ["dana"]
duration = "60m"
increment = "5m"
[[appointment_types]]
slug = "buffered"
title = "Half an hour with buffers"
hosts = ["dana", "erik"]
duration = "30m"
increment = "15m"
buffer_before = "15m"
buffer_after = "15m"
[[appointment_types]]
slug = "careful"
title = "With confirmation"
hosts = ["dana"]
duration = "30m"
confirm_public = true
"""

# All of these take 14:55 to 15:00 UTC of that Tuesday, buffers and all.
OVERLAPS = [
    *(f"/dana/hour?start=2026-11-24T14:{minute:02}:00Z" for minute in range(0, 60, 5)),
    *(f"/dana/buffered?start=2026-11-24T{time}:00Z" for time in ("14:30", "14:45", "15:00")),
]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back to one who pressed."""

    status: int
    location: str
    page: str


Answers = Sequence[Answer]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A mailflow that serves, on a Monday."""
    made = World(tmp_path, SETTINGS + OVERLAPPING)
    try:
        made.start(MAILFLOW_NOW=NOW)
        yield made
    finally:
        made.close()


@pytest.fixture(params=[1, 2], ids=["one node", "two nodes"])
def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sequence[World]]:
    """The same on SQLite, and as two processes on PostgreSQL."""
    with ExitStack() as closing:
        if request.param == 1:
            world = World(tmp_path, SETTINGS + OVERLAPPING)
        else:
            server: Server = request.getfixturevalue("server")
            world = World(tmp_path, SETTINGS + OVERLAPPING, server.emptied())
        closing.callback(world.boxes.close)
        made = [world.twin() for _ in range(request.param)]
        for node in made:
            closing.callback(node.stop)
            node.start(MAILFLOW_NOW=NOW)
        yield made


def press(nodes: Sequence[World], paths: Sequence[str]) -> Answers:
    """Press all these buttons at once, each as another visitor, at any of the nodes; the answers in the same order."""
    return asyncio.run(_press([node.http for node in nodes], list(enumerate(paths))))


async def _press(ports: Sequence[int], waiting: list[tuple[int, str]]) -> Answers:
    answers: dict[int, Answer] = {}

    async def visitors(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while waiting:
            number, path = waiting.pop()
            writer.write(_request(number, path))
            answers[number] = await _answer(reader)
        writer.close()

    await asyncio.gather(*(visitors(ports[number % len(ports)]) for number in range(AT_ONCE)))
    return [answers[number] for number in sorted(answers)]


def _request(number: int, path: str) -> bytes:
    form = urlencode({"name": f"Visitor {number}", "email": address(number)}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: flow.test\r\nContent-Length: {len(form)}\r\n\r\n"
    return head.encode() + form


async def _answer(reader: asyncio.StreamReader) -> Answer:
    status = (await reader.readuntil(b"\r\n")).split()[1]
    head = parse_headers(io.BytesIO(await reader.readuntil(b"\r\n\r\n")))
    page = await reader.readexactly(int(head["content-length"]))
    return Answer(int(status), head.get("location", ""), page.decode())


def address(number: int) -> str:
    return f"visitor-{number}@client.test"


def statuses(answers: Answers) -> Counter[int]:
    return Counter(answer.status for answer in answers)


@pytest.mark.parametrize(
    "paths",
    [["/dana/hour?start=2026-11-24T14:00:00Z"], OVERLAPS],
    ids=["one time", "times that overlap"],
)
def test_of_many_who_want_one_time_one_gets_it(
    nodes: Sequence[World],
    paths: list[str],
    count: Count,
    figure: Figure,
    request: pytest.FixtureRequest,
) -> None:
    many = count(200, 10_000)
    answers = press(nodes, [paths[number % len(paths)] for number in range(many)])
    winners = [number for number, one in enumerate(answers) if one.status == 303]
    figure(f"winners among {many} racing for {request.node.callspec.id}", len(winners))
    assert statuses(answers) == {303: 1, 409: many - 1}
    others = [re.search(r'href="[^"]*start=2026', one.page) for one in answers if not one.location]
    assert all(others), "who comes too late is shown other times"
    (booking,) = nodes[0].read("bookings")
    assert booking["client"] == address(winners[0])


def test_the_same_button_pressed_at_once_books_once(world: World, count: Count) -> None:
    link = urlsplit(slot_links(world, offered(world))[0]).path
    answers = press([world], [link] * count(100, 1_000))
    assert {(one.status, one.location) for one in answers} == {(303, link)}
    assert len(world.read("bookings")) == 1
    world.boxes.wait("joe@client.test", "booking")
    assert len(world.boxes.of("joe@client.test", "booking")) == 1


def test_nobody_hoards_by_one_offer(world: World, count: Count) -> None:
    links = [urlsplit(link).path for link in slot_links(world, offered(world))]
    many = count(30, 1_000)
    answers = press([world], [links[number % len(links)] for number in range(many)])
    assert set(statuses(answers)) <= {303, 409}
    (booking,) = world.read("bookings")
    assert booking["sequence"] <= MOST_MOVES


def test_a_booking_is_confirmed_once_however_many_confirm_it(world: World, count: Count) -> None:
    assert statuses(press([world], ["/dana/careful?start=2026-11-24T14:00:00Z"])) == {303: 1}
    mail = world.boxes.wait(address(0), "notice")
    link = re.search(r"https://flow\.test(/confirm/[\w.-]+)", mail.text)
    assert link
    many = count(100, 1_000)
    assert statuses(press([world], [link[1]] * many)) == {303: many}
    for recipient in (address(0), "dana@coach.test"):
        world.boxes.wait(recipient, "booking")
        assert len(world.boxes.of(recipient, "booking")) == 1
