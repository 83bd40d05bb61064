"""From a real Postfix over LMTP: each recipient of a mail gets it exactly once, whatever becomes of the others."""

import asyncio
from collections import Counter

import pytest

from mailflow.config import Endpoint
from mailflow.config import Listener as Settings
from mailflow.doors.listener import Limits, Listener
from mailflow.mail.envelope import Envelope, Recipient
from tests.conftest import Count, Figure
from tests.doors.peers import connected
from tests.torture.listener import postfix

REFUSED_EACH = 7
"""One in so many recipients does not exist."""


def accepts(address: str) -> Recipient:
    number = int(address.partition("@")[0].removeprefix("r"))
    return Recipient.OURS if number % REFUSED_EACH else Recipient.UNKNOWN


FAULTS = 5


class Inbox:
    """Takes mail, but for the first few that fail here and are to come again."""

    def __init__(self) -> None:
        self.got: Counter[tuple[str, str]] = Counter()
        self.faults = 0

    async def take(self, envelope: Envelope) -> None:
        if self.faults < FAULTS:
            self.faults += 1
            raise OSError
        self.got.update((envelope.sender, recipient) for recipient in envelope.recipients)


async def hand_in(port: int, number: int) -> None:
    """A mail to so many recipients, whose sender tells it from the others."""
    async with connected(port) as client:
        await client.reply()
        await client.ask_all("EHLO c", f"MAIL FROM:<to{number}@example.net>")
        for recipient in range(1, number + 1):
            assert (await client.ask(f"RCPT TO:<r{recipient}@flow.example.com>"))[:3] == "250"
        await client.ask("DATA")
        await client.send(b"Subject: a\r\n\r\nHello\r\n.\r\n")
        assert (await client.reply()).startswith("250")


@postfix.needed
@pytest.mark.parametrize("most", [50, 7], ids="at most {} in a transaction".format)
async def test_each_gets_it_once(most: int, count: Count, figure: Figure) -> None:
    step = count(7, 1)
    inbox = Inbox()
    listener = Listener(
        Settings(address=Endpoint("127.0.0.1", 0), protocol="lmtp"),
        hostname="flow.example.com",
        accepts=accepts,
        take=inbox.take,
        limits=Limits(stop=0.5),
    )
    _, port = await listener.start()
    try:
        with postfix.before("lmtp", port, f"lmtp_destination_recipient_limit = {most}") as border:
            await asyncio.gather(*[hand_in(border.port, n) for n in range(1, 51, step)])
            await border.deliver_all()
    finally:
        await listener.stop()

    wanted = {
        (f"to{n}@example.net", f"r{r}@flow.example.com")
        for n in range(1, 51, step)
        for r in range(1, n + 1)
        if r % REFUSED_EACH
    }
    assert inbox.faults == FAULTS
    assert inbox.got == dict.fromkeys(wanted, 1)
    figure(
        f"recipients from Postfix over LMTP, {most} in a transaction: got it once, faults meanwhile",
        (len(wanted), inbox.faults),
    )
