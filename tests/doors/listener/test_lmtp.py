"""LMTP: one answer for each recipient."""

import asyncio
import smtplib

import pytest

from mailflow.mail.envelope import Envelope
from tests.doors.conftest import House, OpenHouse
from tests.doors.peers import connected

MESSAGE = b"Subject: Hello\r\n\r\nCanary text\r\n"


@pytest.fixture
async def lmtp(open_house: OpenHouse) -> House:
    return await open_house(protocol="lmtp")


async def test_lmtp_answers_for_each_recipient(lmtp: House) -> None:
    async with connected(lmtp.port) as client:
        await client.reply()
        answers = [
            await client.mail(
                MESSAGE + b".\r\n",
                "dana@flow.example.com",
                "nobody@flow.example.com",
                "kim@flow.example.com",
                hello="LHLO c",
            ),
            await client.reply(),
        ]
        assert (await client.ask("NOOP")).startswith("250 ")

    assert answers == ["250 2.0.0 taken"] * 2
    assert lmtp.taken[0].recipients == ("dana@flow.example.com", "kim@flow.example.com")


async def test_lmtp_answers_for_each_recipient_in_trouble_too(open_house: OpenHouse) -> None:
    async def take(envelope: Envelope) -> None:
        raise OSError

    house = await open_house(take=take, protocol="lmtp")
    async with connected(house.port) as client:
        await client.reply()
        rcpts = ("dana@flow.example.com", "dana@flow.example.com", "kim@flow.example.com")
        first = await client.mail(MESSAGE + b".\r\n", *rcpts, hello="LHLO c")
        answers = [first, await client.reply(), await client.reply()]
        assert (await client.ask("NOOP")).startswith("250 ")

    assert [answer[:9] for answer in answers] == ["451 4.3.0"] * 3


@pytest.mark.parametrize("command", ["HELO c", "EHLO c"])
async def test_lmtp_is_not_smtp(command: str, lmtp: House) -> None:
    async with connected(lmtp.port) as client:
        await client.reply()

        assert (await client.ask(command)).startswith("502")


async def test_lmtp_with_smtplib(lmtp: House) -> None:
    def send() -> None:
        with smtplib.LMTP("127.0.0.1", lmtp.port) as client:
            client.sendmail("a@b", ["dana@flow.example.com"], MESSAGE)

    await asyncio.to_thread(send)

    assert [envelope.raw for envelope in lmtp.taken] == [MESSAGE]
