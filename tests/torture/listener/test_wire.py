"""Command lines that nobody meant, a million of them: each is answered, in order, by words of our own."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Sequence
from random import Random

import pytest

from mailflow.config import Endpoint
from mailflow.config import Listener as Settings
from mailflow.doors.listener import Limits
from mailflow.mail.envelope import is_mailbox
from tests.conftest import Count, Figure
from tests.doors.conftest import House, opened

ENDLESS = 1_000_000_000

LINES = 250
"""In one connection, sent at once."""

REPLY = re.compile(rb"(?:[2345]\d\d-[ -~]*\r\n)*[2345]\d\d [ -~]*\r\n")

VERBS = (
    *(b"HELO", b"EHLO", b"LHLO", b"MAIL", b"RCPT", b"DATA", b"RSET", b"NOOP", b"VRFY", b"EXPN"),
    *(b"HELP", b"AUTH", b"BDAT", b"XCLIENT", b"ETRN", b"MAIL FROM:", b"RCPT TO:", b"", b"."),
)
ARGUMENTS = (
    *(b"client.test", b"<a@client.test>", b"<>", b"<dana@flow.example.com>", b"FROM:<a@b.test>"),
    *(b"TO:<dana@flow.example.com>", b"TO:<dana+token@flow.example.com>", b"TO:<postmaster>"),
    *(b"FROM:<@a.test,@b.test:c@d.test>", b"TO:<a%b@flow.example.com>", b"TO:<a!b@c.test>"),
    *(
        b"FROM:<a@b.test> SIZE=99",
        b"FROM:<a@b.test> SIZE=" + b"9" * 30,
        b"FROM:<a@b.test> BODY=8BITMIME",
    ),
    *(b'TO:<"a b"@[127.0.0.1]>', b"TO:<" + b"a" * 300 + b"@flow.example.com>", b"TO:<\xff@y.test>"),
    *(
        b"TO:<",
        b"TO:",
        b"=?utf-8?q?x?=",
        b"%s%n{0}{{7*7}}",
        b"\x1b[31m",
        b"\x00",
        b"a\rb",
        b"\xc2\x85",
    ),
)
OTHERS = (b"DATA", b"QUIT", b"STARTTLS", b"GET", b"POST", b"PUT")
"""What is no single line, or ends a connection: each has tests of its own."""


def line(random: Random) -> bytes:
    """A command that could be one, with some of its bytes changed."""
    parts = [random.choice(VERBS), *random.choices(ARGUMENTS, k=random.randrange(3))]
    text = bytearray(b" ".join(parts) if random.random() < 0.7 else b"".join(parts))
    for _ in range(random.choice((0, 0, 1, 1, 3, 10))):
        place = random.randrange(len(text) + 1)
        match random.randrange(3):
            case 0:
                text[place:place] = random.randbytes(random.choice((1, 1, 4)))
            case 1:
                del text[place : place + random.randrange(1, 4)]
            case _:
                text[place : place + 1] = random.randbytes(1)
    one = bytes(text).replace(b"\n", b"").removesuffix(b"\r")
    verb = one.strip().split(b" ")[0].upper()
    return b"NOOP" if verb in OTHERS or one.startswith(b"\x16\x03") else one


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A listener that hears everything out."""
    limits = Limits(errors=ENDLESS, commands=ENDLESS, guesses=ENDLESS, stop=0.5)
    async with opened(Settings(address=Endpoint("127.0.0.1", 0)), limits, None) as made:
        yield made


async def said(house: House, lines: Sequence[bytes]) -> bytes:
    """All that is answered to lines that come at once, until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"\r\n".join([*lines, b"QUIT", b""]))
    try:
        async with asyncio.timeout(60):
            return await reader.read(-1)
    finally:
        writer.close()


async def test_every_line_is_answered_by_words_of_ours(
    house: House, count: Count, figure: Figure, journal: io.StringIO
) -> None:
    inputs, random = count(10_000, 1_000_000), Random(5)
    refused = 0
    for _ in range(inputs // LINES):
        lines = [b"EHLO client.test", *(line(random) for _ in range(LINES - 2)), b"RSET"]
        heard = await said(house, lines)
        replies = REPLY.findall(heard)
        assert b"".join(replies) == heard
        assert len(replies) == len(lines) + 2, "a greeting, an answer to each line, a farewell"
        assert not re.search(rb"(?i)error|exception|traceback|line \d", heard)
        refused += sum(reply.startswith(b"5") for reply in replies)
    figure(f"refused of {inputs} command lines that nobody meant, each answered", refused)
    assert not house.taken
    assert "command.failed" not in journal.getvalue()


async def test_what_gets_through_is_clean(house: House, count: Count, figure: Figure) -> None:
    """A mail among such lines: what is handed over has mailboxes, a printable name, and the mail."""
    mails, random = count(200, 20_000), Random(6)
    for _ in range(mails):
        odd = [line(random) for _ in range(6)]
        envelope = [b"MAIL FROM:<a@client.test>", *odd[2:4], b"RCPT TO:<dana@flow.example.com>"]
        mail = [b"DATA", b"Subject: x", b"", b"Hello", b"."]
        await said(house, [b"EHLO c", *odd[:2], *envelope, *odd[4:], *mail])
    for taken in house.taken:
        assert taken.sender == "" or is_mailbox(taken.sender)
        assert all(map(is_mailbox, taken.recipients))
        assert all(one.lower().endswith("@flow.example.com") for one in taken.recipients)
        assert re.fullmatch(r"[ -~]{1,255}", taken.helo)
        assert taken.raw == b"Subject: x\r\n\r\nHello\r\n"
    figure(f"mails taken among odd lines, of {mails}", len(house.taken))
    assert house.taken
