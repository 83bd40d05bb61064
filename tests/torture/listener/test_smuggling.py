"""No second mail out of one: other end marks than CRLF.CRLF, straight and through a real Postfix."""

import asyncio
from collections.abc import AsyncIterator
from itertools import product

import pytest

from mailflow.config import Endpoint
from mailflow.config import Listener as Settings
from mailflow.doors.listener import Limits
from tests.conftest import Count, Figure
from tests.doors.conftest import House, opened
from tests.doors.peers import connected
from tests.torture.listener import postfix

ENDS = (b"\r\n", b"\n", b"\r", b"\n\r", b"\0")
MARKS = [
    before + b"." + after
    for before, after in product(ENDS, ENDS)
    if (before, after) != (ENDS[0],) * 2
]
LIMIT = 2_000
TEXTS = {
    "first": b"",
    "in the middle": b"Subject: a\r\n\r\nHello",
    "after over-size": b"Subject: a\r\n\r\n" + b"x" * LIMIT,
}
SMUGGLED = (
    b"MAIL FROM:<smuggler@example.net>\r\nRCPT TO:<kim@flow.example.com>\r\nDATA\r\n"
    b"Subject: smuggled\r\n\r\nx"
)
END = b"\r\n.\r\n"


@pytest.fixture(params=["smtp", "lmtp"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    keys = Settings(
        address=Endpoint("127.0.0.1", 0), protocol=request.param, max_message_size=LIMIT
    )
    limits = Limits(stop=0.5, errors=1_000_000, commands=1_000_000)
    async with opened(keys, limits, None) as made:
        yield made


async def say(port: int, hello: str, pieces: list[bytes]) -> None:
    """One session with a message in pieces, each of which the listener reads by itself; until it has ended."""
    async with connected(port) as client:
        await client.reply()
        await client.ask_all(
            hello, "MAIL FROM:<a@example.net>", "RCPT TO:<dana@flow.example.com>", "DATA"
        )
        for piece in pieces:
            await client.send(piece)
            await asyncio.sleep(0.001 * (len(pieces) > 1))
        client.writer.write_eof()
        while await client.reply():
            pass


def check(house: House) -> int:
    """How many mails were taken; none may be a smuggled one, and none have a line end that is no CRLF."""
    for envelope in house.taken:
        assert envelope.sender == "a@example.net"
        assert not {0, 10, 13} & set(bytes(envelope.raw).replace(b"\r\n", b""))
    return len(house.taken)


async def test_straight(house: House, count: Count, figure: Figure) -> None:
    hello = "LHLO c" if house.protocol == "lmtp" else "EHLO c"
    every_cut = count(0, 1)
    tried = 0
    for mark, text in product(MARKS, TEXTS.values()):
        stream = text + mark + SMUGGLED + END
        cuts = range(len(text), len(text + mark) + 2) if every_cut else [len(text) + 1]
        for cut in cuts:
            house.taken.clear()
            await say(house.port, hello, [stream[:cut], stream[cut:]])
            assert check(house) <= 1
            tried += 1
    figure(f"end marks tried over {house.protocol}, mails smuggled", (tried, 0))


@postfix.needed
async def test_through_postfix(house: House, figure: Figure) -> None:
    with postfix.before(house.protocol, house.port) as border:
        for mark in MARKS:
            await say(border.port, "EHLO c", [TEXTS["in the middle"] + mark + SMUGGLED + END])
        await border.deliver_all()
    assert check(house) > 0
    figure(f"end marks through Postfix over {house.protocol}, mails smuggled", (len(MARKS), 0))
