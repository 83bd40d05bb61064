"""How much of our memory one stranger can take, whatever he sends, over as many connections as he may have."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count as count_from
from pathlib import Path

import pytest

from mailflow.doors.listener.limits import STANDARD
from tests.conftest import Count, Figure
from tests.doors.peers import Client, connected
from tests.end_to_end.world import World, eventually

HOST = "dana@coach.test"
MEBIBYTE = 1024 * 1024
MOST = 32 * 1024  # KiB
BLOCK = 64 * 1024  # bytes
TOGETHER = STANDARD.connections_per_address

Shape = Callable[[Client, int], Awaitable[None]]


async def _begin(client: Client) -> None:
    await client.ask_all("EHLO c", "MAIL FROM:<a@client.test>", "RCPT TO:<dana@flow.test>", "DATA")


def repeated(piece: bytes, *, within_data: bool) -> Shape:
    """So many bytes, all alike."""

    async def send(client: Client, size: int) -> None:
        if within_data:
            await _begin(client)
        block = piece * (BLOCK // len(piece))
        for _ in range(size // len(block)):
            await client.send(block)

    return send


async def a_header_flood(client: Client, size: int) -> None:
    await _begin(client)
    for number in range(0, size, BLOCK):
        await client.send(f"X-{number}: ".encode().ljust(50, b"x") + b"\r\n" * 1)
        await client.send(b"X: y\r\n" * (BLOCK // 6))


async def never_reading(client: Client, size: int) -> None:
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            for _ in range(0, size, BLOCK):
                await client.send(b"EHLO client\r\n" * (BLOCK // 13))


async def recipients(client: Client, size: int) -> None:
    await client.ask_all("EHLO c", "MAIL FROM:<a@client.test>")
    for _ in range(0, size, BLOCK):
        await client.send(b"RCPT TO:<dana@flow.test>\r\n" * (BLOCK // 26))


async def whole_mails(client: Client, size: int) -> None:
    """As big as they may be, taken and passed on."""
    await _begin(client)
    await client.send(HEADER % next(NUMBERS))
    for _ in range(size * 8 // 10 // BLOCK):  # below the limit in full, too
        await client.send((b"x" * 62 + b"\r\n") * (BLOCK // 64))
    await client.send(b".\r\n")
    async with asyncio.timeout(60):
        await client.reader.readline()


SHAPES: dict[str, Shape] = {
    "empty lines": repeated(b"\r\n", within_data=True),
    "lines that end in LF": repeated(b"\n", within_data=True),
    "dots": repeated(b"..\r\n", within_data=True),
    "an endless line": repeated(b"x", within_data=True),
    "an endless command": repeated(b"x", within_data=False),
    "empty commands": repeated(b"\r\n", within_data=False),
    "a header flood": a_header_flood,
    "commands, never reading": never_reading,
    "recipients": recipients,
}


HEADER = b"From: a@client.test\r\nTo: dana@flow.test\r\nMessage-ID: <%d@client.test>\r\n\r\n"
NUMBERS = count_from(1)


async def attack(port: int, shape: Shape, size: int) -> None:
    async with connected(port) as client:
        with contextlib.suppress(ConnectionError):
            await client.reply()
            await shape(client, size)


def memory(pid: int, kind: str) -> int:
    """KiB that are in memory (VmRSS), or were at most (VmHWM)."""
    found = re.search(rf"{kind}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


def watched(world: World) -> Callable[[], int]:
    """How many KiB more than now were in memory at one time since."""
    before = memory(world.pid, "VmRSS")
    Path(f"/proc/{world.pid}/clear_refs").write_text("5")  # the most from now on
    return lambda: memory(world.pid, "VmHWM") - before


async def added(world: World, shape: Shape, size: int, connections: int) -> int:
    """How many KiB more were in memory at one time, while so many sent that much each."""
    world.send("joe@client.test", "dana@flow.test", "Hello")
    most = watched(world)
    await asyncio.gather(*[attack(world.smtp, shape, size) for _ in range(connections)])
    world.send("joe@client.test", "dana@flow.test", "Hello again")
    return most()


@pytest.mark.parametrize("name", SHAPES)
async def test_memory(name: str, world: World, count: Count, figure: Figure) -> None:
    size = count(4, 27) * MEBIBYTE
    most = await added(world, SHAPES[name], size, count(4, TOGETHER))

    figure(f"KiB of memory that {name} add", most)
    assert most < MOST


async def test_memory_of_mails_that_are_taken(world: World, count: Count, figure: Figure) -> None:
    """Taken, read, passed on to the host: none is as a whole in the memory of the process that serves."""
    mails, size = count(2, TOGETHER), 27 * MEBIBYTE
    world.send("joe@client.test", "dana@flow.test", "Hello")
    world.boxes.wait(HOST, "relay")
    most = watched(world)
    await asyncio.gather(*[attack(world.smtp, whole_mails, size) for _ in range(mails)])
    arrived = partial(big_ones, world, mails)
    await asyncio.to_thread(eventually, arrived, 60.0 * mails)

    figure(f"KiB of memory that {mails} mails of {size * 8 // 10} bytes add", most())
    assert most() < MOST


def big_ones(world: World, number: int) -> bool:
    """Whether so many have reached the host."""
    return sum(len(mail.raw) > MEBIBYTE for mail in world.boxes.of(HOST, "relay")) == number
