"""The listener, as clients meet it: real sockets, real smtplib, rude strangers."""

import asyncio
import io
import json
import logging
import smtplib
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailflow.doors.listener import Limits
from mailflow.errors import NotFound
from mailflow.mail.envelope import Envelope
from tests.doors.conftest import House, OpenHouse
from tests.doors.peers import Client, connected

MESSAGE = b"Subject: Hello\r\n\r\nCanary text\r\n"


async def test_takes_a_mail_whole(open_house: OpenHouse) -> None:
    house = await open_house()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", house.port, local_hostname="client.example.net") as client:
            client.sendmail("a@example.net", ["dana@flow.example.com"], MESSAGE + b".dot\r\n")

    await asyncio.to_thread(send)

    assert house.taken == [
        Envelope(
            "a@example.net",
            ("dana@flow.example.com",),
            "127.0.0.1",
            "client.example.net",
            MESSAGE + b".dot\r\n",
        )
    ]


async def test_the_null_sender_is_empty(open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()
        answers = await client.ask_all(
            "EHLO c", "MAIL FROM:<>", "RCPT TO:<dana@flow.example.com>", "DATA"
        )
        await client.send(MESSAGE + b".\r\n")

        assert answers[-1].startswith("354")
        assert await client.reply() == "250 2.0.0 taken"
    assert house.taken[0].sender == ""


async def test_says_taken_only_when_it_is(open_house: OpenHouse) -> None:
    committed = asyncio.Event()

    async def take(envelope: Envelope) -> None:
        await committed.wait()

    house = await open_house(take=take)
    async with connected(house.port) as client:
        await client.reply()
        answer = asyncio.create_task(client.mail(MESSAGE + b".\r\n"))
        done, _ = await asyncio.wait([answer], timeout=0.2)
        assert not done

        committed.set()

        assert await answer == "250 2.0.0 taken"


@pytest.mark.parametrize(
    "error", [OSError("disk full at canary@example.net"), NotFound("host", "canary"), ValueError()]
)
async def test_a_fault_of_ours_is_451_and_tells_nothing(
    error: Exception, open_house: OpenHouse, journal: io.StringIO
) -> None:
    async def take(envelope: Envelope) -> None:
        raise error

    house = await open_house(take=take)
    async with connected(house.port) as client:
        await client.reply()
        answer = await client.mail(MESSAGE + b".\r\n")
        assert (await client.ask("NOOP")).startswith("250")

    assert answer.startswith("451 4.3.0 ")
    assert "canary" not in answer + journal.getvalue()
    assert json.loads(journal.getvalue())["error"] == type(error).__name__


async def test_logs_neither_addresses_nor_text(
    open_house: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    house = await open_house()
    with caplog.at_level(logging.DEBUG):
        async with connected(house.port) as client:
            await client.reply()
            await client.mail(MESSAGE + b".\r\n", "dana@flow.example.com", "canary@elsewhere.org")

    assert house.taken
    for canary in ("Canary", "canary", "a@example.net", "dana@"):
        assert canary not in caplog.text


# In what order, and how often?


@pytest.mark.parametrize(
    ("commands", "answer"),
    [
        (["MAIL FROM:<>"], "503"),
        (["EHLO c", "RCPT TO:<dana@flow.example.com>"], "503"),
        (["EHLO c", "MAIL FROM:<>", "MAIL FROM:<>"], "503"),
        (["EHLO c", "MAIL FROM:<>", "DATA"], "503"),
        (["EHLO c", "MAIL FROM:<>", "RSET", "RCPT TO:<dana@flow.example.com>"], "503"),
        (["EHLO c", "MAIL FROM:<>", "HELO c", "RCPT TO:<dana@flow.example.com>"], "503"),
        (["HELO c", "MAIL FROM:<a@b>"], "250"),
        (["EHLO"], "501"),
        (["EHLO a\rb"], "501"),
        (["EHLO " + "a" * 256], "501"),
        (["EHLO c", "VRFY dana"], "252"),
        (["EHLO c", "VRFY nobody"], "252"),
        (["VRFY dana@elsewhere.org"], "252"),
        (["EHLO c", "VRFY"], "501"),
        (["EHLO c", "EXPN dana"], "502"),
        (["EHLO c", "AUTH PLAIN AAAA"], "502"),
        (["EHLO c", "STARTTLS"], "502"),
        (["LHLO c"], "500"),
        (["QUIT"], "221"),
        ([""], "500"),
        (["x" * 2000], "500"),
        (["x" * 200_000], "500"),
        (["NOOP " + "x" * 1020], "500"),
    ],
)
async def test_order(commands: list[str], answer: str, open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()

        assert (await client.ask_all(*commands))[-1].startswith(answer)


async def test_commands_may_be_sent_ahead(open_house: OpenHouse) -> None:
    house = await open_house()
    mail = b"MAIL FROM:<>\r\nRCPT TO:<dana@flow.example.com>\r\nDATA\r\n"
    async with connected(house.port) as client:
        await client.send(b"EHLO c\r\n" + (mail + MESSAGE + b".\r\n") * 3 + b"QUIT\r\n")
        answers = [await client.reply() for _ in range(15)]

    assert [answer[:3] for answer in answers] == [
        "220",
        "250",
        *["250", "250", "354", "250"] * 3,
        "221",
    ]
    assert [envelope.raw for envelope in house.taken] == [MESSAGE] * 3


async def test_other_clients_do_not_change_what_one_may_say(open_house: OpenHouse) -> None:
    house = await open_house()
    command = f"MAIL FROM:<{'a' * 300}@example.net> SIZE=10000000000 BODY=8BITMIME"
    async with connected(house.port) as first:
        await first.reply()
        await first.ask("EHLO c")
        async with connected(house.port) as second:
            await second.reply()
            await second.ask("EHLO c")
            assert (await first.ask(command)).startswith("552")


@pytest.mark.parametrize("mistake", ["", "MAIL", "RCPT TO:<x@elsewhere.org>", "EHLO", "\xff"])
async def test_twenty_mistakes_end_a_session(mistake: str, open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()
        answers = await client.ask_all(*[mistake] * 20)
        last = [await client.reply(), await client.reply()]

    assert all(answer.startswith("50") for answer in answers)
    assert last == ["421 4.7.0 too many errors", ""]


@pytest.mark.parametrize("request_line", ["GET / HTTP/1.1", "POST / HTTP/1.1"])
async def test_a_browser_is_hung_up_on(request_line: str, open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()

        assert await client.ask(request_line) == ""


async def test_a_handshake_at_the_wrong_port_is_hung_up_on(open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()
        await client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")

        assert await client.reply() == ""


async def test_what_was_sent_before_the_end_is_answered(open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.send(
            b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\n" + MESSAGE + b".\r\n"
        )
        client.writer.write_eof()
        answers = [await client.reply() for _ in range(7)]

    assert [answer[:3] for answer in answers] == ["220", "250", "250", "250", "354", "250", ""]
    assert len(house.taken) == 1


# What it may send


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        pytest.param(b"a\0b\r\n.\r\n", "554 5.6.0", id="NUL"),
        pytest.param(b"a\rb\r\n.\r\n", "554 5.6.0", id="a lone CR"),
        pytest.param(b"a\n.\nMAIL FROM:<>\r\n.\r\n", "554 5.6.0", id="smuggled"),
        pytest.param(b"a\r\n.\nMAIL FROM:<>\r\n.\r\n", "554 5.6.0", id="smuggled by half"),
        pytest.param(b"a: b\r\n" * 1001 + b".\r\n", "554 5.6.0", id="header"),
        pytest.param(b"\r\n" + b"a\r\n" * 20_000 + b".\r\n", "552 5.3.4", id="too big"),
    ],
)
async def test_refused_messages(data: bytes, answer: str, open_house: OpenHouse) -> None:
    house = await open_house(max_message_size=50_000)
    async with connected(house.port) as client:
        await client.reply()

        assert (await client.mail(data)).startswith(answer)
        assert (await client.mail(MESSAGE + b".\r\n")).startswith("250")
    assert len(house.taken) == 1


async def test_line_ends_of_the_careless_are_mended(open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()
        await client.mail(b"Subject: a\n\nb\n" + b"c" * 100_000 + b"\r\n.\r\n")

    assert house.taken[0].raw == b"Subject: a\r\n\r\nb\r\n" + b"c" * 100_000 + b"\r\n"


async def test_hangs_up_past_the_limit(open_house: OpenHouse) -> None:
    house = await open_house(max_message_size=100_000)
    sent = 0
    async with connected(house.port) as client:
        await client.reply()
        await client.ask_all("EHLO c", "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA")
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                await client.send(b"a" * 65_534 + b"\r\n")
                sent += 65_536
                await asyncio.sleep(0.001)

    assert sent < 2_000_000
    assert house.taken == []


async def test_doubled_dots_are_not_counted(open_house: OpenHouse) -> None:
    house = await open_house(max_message_size=1_000_000)
    message = b"a: b\r\n\r\n" + b".\r\n" * 330_000
    async with connected(house.port) as client:
        await client.reply()
        await client.mail(message.replace(b".", b"..") + b".\r\n")

    assert house.taken[0].raw == message


# Whatever they say

_WORDS = st.sampled_from(
    b"MAIL FROM:|RCPT TO:|EHLO c\r\n|DATA\r\n|RSET\r\n|QUIT\r\n|STARTTLS\r\n|<a@b>|<postmaster>"
    b"|\r\n|\n|\r|.\r\n|\0| |\xff".split(b"|")
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_WORDS | st.binary(max_size=8), max_size=60).map(b"".join))
async def test_nothing_breaks_the_listener(open_house: OpenHouse, stream: bytes) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.send(stream + b"\r\n.\r\nQUIT\r\n")
        answers = [answer async for answer in _answers(client)]
    await house.listener.stop()

    assert all(answer[:3].isdigit() and answer[:3] != "451" for answer in answers)
    for envelope in house.taken:
        said = envelope.sender + envelope.helo + "".join(envelope.recipients)
        assert said.isprintable()
        assert said.isascii()


_LINES = st.sampled_from(
    b"EHLO c\r\n|RSET\r\n|MAIL FROM:<a@b>\r\n|RCPT TO:<postmaster>\r\n|DATA\r\n|Hello\r\n.\r\n|..\r\n|.\r\n"
    b"|MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\nHello\r\n.\r\n|\r|\n|\x16|\xff".split(b"|")
)
_LONG = st.just(b"x" * 1500)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(_LINES | _LONG, min_size=4, max_size=40).map(b"".join),
    st.lists(st.integers(0, 1000), max_size=6),
)
async def test_wherever_it_is_cut_the_replies_are_the_same(
    open_house: OpenHouse, stream: bytes, cuts: list[int]
) -> None:
    house = await open_house(Limits(errors=1_000_000, stop=0.5))
    whole = b"EHLO c\r\n" + stream + b"\r\n.\r\nQUIT\r\n"

    said = await _said(house, [whole])
    taken = house.taken.copy()
    house.taken.clear()

    ends = sorted({cut % len(whole) for cut in cuts} | {len(whole)})
    pieces = [whole[start:end] for start, end in pairwise([0, *ends])]
    assert await _said(house, pieces) == said
    assert house.taken == taken
    await house.listener.stop()


async def _said(house: House, pieces: list[bytes]) -> list[str]:
    """What is answered to pieces, each of which is read by itself."""
    async with connected(house.port) as client:
        for piece in pieces:
            await client.send(piece)
            await asyncio.sleep(0.001 * (len(pieces) > 1))
        return [answer async for answer in _answers(client)]


async def _answers(client: Client) -> AsyncIterator[str]:
    while answer := await client.reply():
        yield answer


async def test_no_mail_is_begun_where_there_is_no_room(open_house: OpenHouse) -> None:
    room = [True, False, True]
    house = await open_house(has_room=lambda: room.pop(0))
    async with connected(house.port) as client:
        await client.reply()
        assert await client.mail(MESSAGE + b".\r\n") == "250 2.0.0 taken"
        assert (await client.ask("MAIL FROM:<a@example.net>")).startswith("452 4.3.1 ")
        assert await client.mail(MESSAGE + b".\r\n") == "250 2.0.0 taken"


async def test_a_big_mail_is_kept_only_while_there_is_room(open_house: OpenHouse) -> None:
    room = iter([True, True, False])
    house = await open_house(has_room=lambda: next(room, True))
    big = MESSAGE + b"y" * 70 * 20_000
    async with connected(house.port) as client:
        await client.reply()
        assert (await client.mail(big + b"\r\n.\r\n")).startswith("452 4.3.1 ")
        assert await client.mail(MESSAGE + b".\r\n") == "250 2.0.0 taken"
    assert [one.raw for one in house.taken] == [MESSAGE]


async def test_a_big_mail_that_the_disk_does_not_take_is_tried_again(
    open_house: OpenHouse, tmp_path: Path, journal: io.StringIO
) -> None:
    house = await open_house(folder=tmp_path / "gone")
    async with connected(house.port) as client:
        await client.reply()
        assert await client.mail(MESSAGE + b"y" * 300_000) == (
            "451 4.3.0 something failed here, try again later"
        )
        assert await client.reply() == "", "what is still to come is no command"
    assert json.loads(journal.getvalue())["error"] == "FileNotFoundError"
    assert house.taken == []
