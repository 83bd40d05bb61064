"""TLS, and what it makes us forget."""

import asyncio
import io
import json
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailflow.doors.listener import Limits
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


async def test_no_tls_after_starttls(tls_house: House, journal: io.StringIO) -> None:
    async with connected(tls_house.port) as client:
        await client.reply()
        await client.ask("STARTTLS")
        await client.send(b"this is no handshake\r\n")
        async with asyncio.timeout(5):
            await client.reader.read()
    async with connected(tls_house.port) as client:
        assert (await client.reply()).startswith("220 ")
    assert journal.getvalue() == ""


async def test_nothing_is_said_in_plain_text_within_the_handshake(tls_house: House) -> None:
    async with connected(tls_house.port) as client:
        await client.reply()
        await client.ask("STARTTLS")

        await tls_house.listener.stop()

        assert await client.reply() == ""


async def test_who_goes_within_the_handshake_makes_room(
    open_house: OpenHouse, certificate: Certificate
) -> None:
    house = await open_house(
        Limits(connections=1, stop=0.5), tls_certificate=certificate.path, tls_key=certificate.key
    )
    async with connected(house.port) as client:
        await client.reply()
        await client.ask("STARTTLS")
    async with asyncio.timeout(5):
        greeting = ""
        while not greeting.startswith("220 "):
            async with connected(house.port) as client:
                greeting = await client.reply()


async def test_a_renewed_certificate_is_shown(
    open_house: OpenHouse, tmp_path: Path, journal: io.StringIO
) -> None:
    made = Certificate.make(tmp_path)
    house = await open_house(tls_certificate=made.path, tls_key=made.key)

    def shown() -> bytes:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with smtplib.SMTP("127.0.0.1", house.port) as client:
            client.starttls(context=context)
            assert isinstance(client.sock, ssl.SSLSocket)
            return client.sock.getpeercert(binary_form=True) or b""

    def on_the_disk() -> bytes:
        return ssl.PEM_cert_to_DER_cert(made.path.read_text())

    first = on_the_disk()
    assert await asyncio.to_thread(shown) == first
    made.key.write_text("half a key")
    assert await asyncio.to_thread(shown) == first
    Certificate.make(tmp_path)
    assert on_the_disk() != first
    assert await asyncio.to_thread(shown) == on_the_disk()

    events = [json.loads(line)["event"] for line in journal.getvalue().splitlines()]
    assert events == ["certificate.unreadable", "certificate.renewed"]
