"""How long a session may last, and how it ends."""

import asyncio
import io
import resource
import socket

import pytest

from mailflow.doors.listener import Limits
from mailflow.doors.listener.limits import within_descriptors
from mailflow.mail.envelope import Envelope
from tests.doors.conftest import OpenHouse
from tests.doors.peers import connected

MESSAGE = b"Subject: Hello\r\n\r\nCanary text\r\n"


@pytest.mark.parametrize(
    ("limits", "commands"),
    [
        pytest.param(Limits(idle=0.2, stop=0.5), [], id="says nothing"),
        pytest.param(Limits(session=0.2, stop=0.5), ["NOOP"] * 3, id="says much, for too long"),
        pytest.param(
            Limits(idle=0.2, stop=0.5),
            ["EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA"],
            id="says nothing after DATA",
        ),
        pytest.param(
            Limits(data=0.2, stop=0.5),
            ["EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA"],
            id="takes too long with DATA",
        ),
    ],
)
async def test_slow_clients(limits: Limits, commands: list[str], open_house: OpenHouse) -> None:
    house = await open_house(limits)
    async with connected(house.port) as client:
        await client.reply()
        await client.ask_all(*commands)
        async with asyncio.timeout(2):
            rest = await client.reader.read()

    assert rest in (b"", b"451 4.4.2 that took too long\r\n")


async def test_a_dripping_message_is_not_waited_for(open_house: OpenHouse) -> None:
    house = await open_house(Limits(idle=0.6, progress=1000, stop=0.5))
    async with connected(house.port) as dripping, connected(house.port) as steady:
        for client in (dripping, steady):
            await client.reply()
            await client.ask_all("EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA")
        for _ in range(10):
            dripping.writer.write(b"a")
            await steady.send(b"a" * 998 + b"\r\n")
            await asyncio.sleep(0.1)
        await steady.send(b".\r\n")

        assert await dripping.reply() == ""
        assert await steady.reply() == "250 2.0.0 taken"


async def test_talk_without_mail_comes_to_an_end(open_house: OpenHouse) -> None:
    house = await open_house(Limits(commands=8, stop=0.5))
    async with connected(house.port) as client:
        await client.reply()
        assert (await client.mail(MESSAGE + b".\r\n")).startswith("250 ")
        answers = await client.ask_all(*["NOOP"] * 9)

    assert [answer[:3] for answer in answers] == ["250"] * 8 + ["421"]


async def greeted(port: int) -> str:
    """The greeting, once there is room for another client."""
    async with asyncio.timeout(10):
        while True:
            async with connected(port) as client:
                if (reply := await client.reply()).startswith("220 "):
                    return reply
            await asyncio.sleep(0.1)


async def test_a_client_that_never_reads_is_let_go(open_house: OpenHouse) -> None:
    house = await open_house(Limits(connections=1, idle=0.2, stop=0.5))
    async with connected(house.port) as deaf:
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        deaf.writer.write(b"EHLO client\r\n" * 300_000)
        await greeted(house.port)


async def test_who_reads_late_gets_every_reply(open_house: OpenHouse) -> None:
    house = await open_house(Limits(commands=1_000_000, stop=0.5))
    server, commands = house.listener._server, 10_000
    assert server is not None
    # Loopback would take ten times as much for a client that does not read, and a test ten times as long.
    server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    async with connected(house.port) as late:
        await late.reply()
        late.writer.transport.pause_reading()  # type: ignore[attr-defined]
        late.writer.write(b"EHLO client\r\n" * commands + b"QUIT\r\n")
        await greeted(house.port)  # others are heard
        await asyncio.sleep(0.1)
        late.writer.transport.resume_reading()  # type: ignore[attr-defined]
        async with asyncio.timeout(20):
            said = await late.reader.read()

    assert said.count(b"250 SIZE") == commands
    assert said.endswith(b"221 Bye\r\n")


async def test_a_connection_too_many(open_house: OpenHouse) -> None:
    house = await open_house(Limits(connections=2, stop=0.5))
    async with connected(house.port) as first, connected(house.port) as second:
        for client in (first, second):
            await client.reply()
            await client.ask("EHLO c")
        async with connected(house.port) as third:
            assert (await third.reply()).startswith("421 4.7.0 ")
        await first.ask("QUIT")
    assert (await greeted(house.port)).startswith("220 flow.example.com ")


async def test_who_has_said_nothing_yet_makes_room(open_house: OpenHouse) -> None:
    house = await open_house(Limits(connections=2, stop=0.5))
    async with connected(house.port) as first, connected(house.port) as second:
        await first.reply()
        await second.reply()
        await first.ask("EHLO c")
        async with connected(house.port) as third:
            assert (await third.reply()).startswith("220 ")
            assert (await second.reply()).startswith("421 4.4.2 ")
            assert (await first.ask("NOOP")).startswith("250 ")


async def test_who_is_silent_for_longest_makes_room(open_house: OpenHouse) -> None:
    house = await open_house(Limits(connections=2, yields=0.2, stop=0.5))
    async with connected(house.port) as first, connected(house.port) as second:
        for client in (first, second):
            await client.reply()
            await client.ask("EHLO c")
        await asyncio.sleep(0.3)
        await first.ask("NOOP")
        async with connected(house.port) as third:
            assert (await third.reply()).startswith("220 ")
            assert (await second.reply()).startswith("421 4.4.2 ")
            assert (await first.ask("NOOP")).startswith("250 ")


async def test_who_waits_for_us_does_not_make_room(open_house: OpenHouse) -> None:
    committed = asyncio.Event()

    async def take(envelope: Envelope) -> None:
        await committed.wait()

    house = await open_house(Limits(connections=1, yields=0.1, stop=0.5), take=take)
    async with connected(house.port) as waiting:
        await waiting.reply()
        answer = asyncio.create_task(waiting.mail(MESSAGE + b".\r\n"))
        await asyncio.sleep(0.3)
        async with connected(house.port) as second:
            assert (await second.reply()).startswith("421 4.7.0 ")
        committed.set()

        assert await answer == "250 2.0.0 taken"


def test_descriptors_are_left_for_the_rest() -> None:
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, most))
    try:
        assert within_descriptors(Limits()).connections == 32
        assert within_descriptors(Limits(connections=8)).connections == 8
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))


async def test_stopping_lets_a_message_come_to_its_answer(open_house: OpenHouse) -> None:
    house = await open_house(Limits(stop=5))
    async with connected(house.port) as busy, connected(house.port) as idle:
        await busy.reply()
        await idle.reply()
        await busy.ask_all("EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA")
        await busy.send(MESSAGE)
        stopping = asyncio.create_task(house.listener.stop())
        assert (await idle.reply()).startswith("421 4.3.2 ")
        await busy.send(b".\r\n")

        assert await busy.reply() == "250 2.0.0 taken"
        assert (await busy.reply()).startswith("421 4.3.2 ")
        await stopping
    assert len(house.taken) == 1
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", house.port)


async def test_stopping_waits_only_so_long(open_house: OpenHouse) -> None:
    house = await open_house(Limits(stop=0.1))
    async with connected(house.port) as client:
        await client.reply()
        await client.ask_all("EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA")
        async with asyncio.timeout(2):
            await house.listener.stop()

        assert await client.reply() == ""
    assert house.taken == []


async def test_a_client_that_goes_within_its_message_leaves_nothing(
    open_house: OpenHouse, journal: io.StringIO
) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()
        await client.ask_all("EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA")
        await client.send(MESSAGE)
    await house.listener.stop()

    assert house.taken == []
    assert journal.getvalue() == ""
