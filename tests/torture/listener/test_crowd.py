"""An honest client among thousands who only hang on."""

import asyncio
import os
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import cycle
from pathlib import Path
from statistics import median

import pytest

from tests.conftest import Count, Figure
from tests.doors.peers import Client
from tests.end_to_end.world import PATIENCE, World
from tests.torture.starvation import stopwatch

MAIL = (
    "EHLO honest.example.net",
    "MAIL FROM:<joe@client.test>",
    "RCPT TO:<dana@flow.test>",
    "DATA",
)
MESSAGE = b"Subject: a\r\n\r\nHello\r\n.\r\n"
PAUSE = 20.0
"""Seconds after which who was sent away comes back."""

_addresses = cycle(f"127.0.0.{number}" for number in range(2, 250))

Visit = Callable[[Client], Awaitable[None]]


@asynccontextmanager
async def visiting(port: int) -> AsyncIterator[Client]:
    """A client with an address of its own."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, local_addr=(next(_addresses), 0)
    )
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


async def idle(client: Client) -> None:
    await client.reader.read()


async def slow(client: Client) -> None:
    """Drips a message."""
    await client.ask_all(*MAIL)
    while True:
        await client.send(b"a")
        await asyncio.sleep(0.5)


async def never_reading(client: Client) -> None:
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    while True:
        await client.send(b"EHLO client\r\n" * 1000)


async def hang_on(port: int, visit: Visit) -> None:
    """Comes back whenever it is sent away."""
    while True:
        with suppress(OSError, TimeoutError):
            async with visiting(port) as client:
                await visit(client)
        await asyncio.sleep(PAUSE)


@asynccontextmanager
async def crowd(port: int, numbers: dict[Visit, int]) -> AsyncIterator[None]:
    """So many of each kind, until the block ends."""
    tasks = []
    for visit, number in numbers.items():
        for _ in range(number):
            tasks.append(asyncio.create_task(hang_on(port, visit)))
            await asyncio.sleep(0.001)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def wait_of_an_honest_client(world: World) -> float:
    """The longest time that it waits: for the connection with its greeting, or for an answer.

    What the machine does for others than the server and the crowd is not counted.
    """
    pids = world.pid, os.getpid()
    longest, waited = 0.0, stopwatch(*pids)
    async with visiting(world.smtp) as client:
        client.patience = PATIENCE
        answers = [await client.reply()]
        for command in (*MAIL, MESSAGE.decode().removesuffix("\r\n")):
            longest, waited = max(longest, waited()), stopwatch(*pids)
            answers.append(await client.ask(command))
        longest = max(longest, waited())
    assert [answer[:3] for answer in answers] == ["220", "250", "250", "250", "354", "250"]
    return longest


async def waits(world: World, seconds: int) -> list[float]:
    """What an honest client waits, time after time."""
    found = []
    for _ in range(seconds * 4):
        found.append(await wait_of_an_honest_client(world))
        await asyncio.sleep(0.25)
    return found


def summary(found: list[float]) -> str:
    return f"median {median(found):.3f}, most {max(found):.3f}"


@contextmanager
def descriptors(number: int) -> Iterator[None]:
    """What is started within the block may have so many."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


@contextmanager
def serving(folder: Path, most_descriptors: int) -> Iterator[World]:
    world = World(folder)
    try:
        with descriptors(most_descriptors):
            world.start()
        yield world
    finally:
        world.close()


async def test_thousands_hang_on(tmp_path: Path, count: Count, figure: Figure) -> None:
    # In the sample fewer, and fewer places: there are always more clients than places.
    numbers: dict[Visit, int] = {idle: count(300, 2000), slow: count(50, 200), never_reading: 20}
    with serving(tmp_path, count(512, 4096)) as world:
        async with crowd(world.smtp, numbers):
            found = await waits(world, count(3, 60))
    figure(f"seconds that an honest client waits among {sum(numbers.values())}", summary(found))
    # The sample runs beside other tests, which make one or the other wait longer.
    assert sorted(found)[count(len(found) // 2, -1)] < 1


async def test_more_clients_than_descriptors(
    tmp_path: Path, count: Count, figure: Figure, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(tmp_path, 128) as world:
        async with crowd(world.smtp, {idle: 300}):
            found = await waits(world, count(3, 30))
    written = len(capfd.readouterr().err)
    figure("seconds that an honest client waits, 300 clients on 128 descriptors", summary(found))
    figure("bytes of journal meanwhile", written)
    assert sorted(found)[count(len(found) // 2, -1)] < 1
    assert written < 100_000
