"""TLS, and what it makes us forget."""

import asyncio
import smtplib
import ssl
from collections.abc import Iterator

import pytest

from tests.doors.conftest import House, OpenHouse
from tests.doors.peers import Certificate, connected

MESSAGE = b"Subject: Hello\r\n\r\nCanary text\r\n"


@pytest.fixture
async def tls_house(open_house: OpenHouse, certificate: Certificate) -> House:
    return await open_house(tls_certificate=certificate.path, tls_key=certificate.key)


async def test_starttls(tls_house: House, certificate: Certificate) -> None:
    def send() -> dict[str, str]:
        with smtplib.SMTP("127.0.0.1", tls_house.port) as client:
            client.starttls(context=ssl.create_default_context(cafile=certificate.path))
            client.ehlo()
            client.sendmail("a@b", ["dana@flow.example.com"], MESSAGE)
            return client.esmtp_features

    features = await asyncio.to_thread(send)

    assert set(features) == {"pipelining", "8bitmime", "size"}
    assert [envelope.raw for envelope in tls_house.taken] == [MESSAGE]


async def test_what_was_said_before_tls_is_forgotten(
    tls_house: House, certificate: Certificate
) -> None:
    def talk() -> Iterator[int]:
        with smtplib.SMTP("127.0.0.1", tls_house.port) as client:
            client.ehlo()
            client.mail("a@b")
            client.starttls(context=ssl.create_default_context(cafile=certificate.path))
            yield client.docmd("RCPT TO:<dana@flow.example.com>")[0]
            yield client.docmd("MAIL FROM:<>")[0]
            client.ehlo()
            yield client.docmd("STARTTLS")[0]
            yield client.docmd("NOOP")[0]

    assert await asyncio.to_thread(lambda: list(talk())) == [503, 503, 503, 250]


async def test_what_was_sent_ahead_of_tls_is_not_heard(
    tls_house: House, certificate: Certificate
) -> None:
    async with connected(tls_house.port) as client:
        await client.reply()
        assert "STARTTLS" in await client.ask("EHLO c")
        await client.send(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@example.net>\r\n")
        assert (await client.reply()).startswith("220 ")
        context = ssl.create_default_context(cafile=certificate.path)
        await client.writer.start_tls(context, server_hostname="127.0.0.1")

        assert (await client.ask("RCPT TO:<dana@flow.example.com>")).startswith("503 ")


async def test_no_tls_after_starttls(tls_house: House, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(tls_house.port) as client:
        await client.reply()
        await client.ask("STARTTLS")
        await client.send(b"this is no handshake\r\n")
        async with asyncio.timeout(5):
            await client.reader.read()
    async with connected(tls_house.port) as client:
        assert (await client.reply()).startswith("220 ")
