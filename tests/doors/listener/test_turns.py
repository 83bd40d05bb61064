"""A big mail on the loop that serves: whoever else is there has a turn now and then."""

import asyncio
import os
from contextlib import suppress

import pytest

from mailflow.config import Endpoint
from mailflow.config import Listener as Settings
from mailflow.doors.listener import Limits
from tests.doors.conftest import opened
from tests.doors.peers import connected

uvloop = pytest.importorskip("uvloop")

BLOCK = b"a" * 998 + b"\r\n"
MUCH = 16_000_000
A_TURN = 1_500_000
"""Bytes: two reads, and what the kernel has room for meanwhile; 32 reads in a row are four million."""


def test_others_have_their_turn_while_a_big_mail_comes_in() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert max(runner.run(taken_by_turns())) < A_TURN


async def taken_by_turns() -> list[int]:
    """How many bytes of a mail the listener takes in each turn of the loop, from a client that always has more."""
    settings = Settings(address=Endpoint("127.0.0.1", 0))
    taken: list[int] = []
    async with opened(settings, Limits(stop=0.5), None) as house, connected(house.port) as client:
        await client.reply()
        await client.ask_all("EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA")
        descriptor = client.writer.get_extra_info("socket").fileno()
        fill(descriptor)
        while sum(taken) < MUCH:
            await asyncio.sleep(0)
            taken.append(fill(descriptor))
    return taken


def fill(descriptor: int) -> int:
    """Write as much as there is room for; returns how many bytes that was."""
    written = 0
    with suppress(BlockingIOError):
        while True:
            written += os.write(descriptor, BLOCK * 64)
    return written
