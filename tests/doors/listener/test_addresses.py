"""Whom a mail may be for, and from."""

import pytest

from tests.doors.conftest import OpenHouse
from tests.doors.peers import connected

MESSAGE = b"Subject: Hello\r\n\r\nCanary text\r\n"


@pytest.mark.parametrize(
    ("recipient", "answer"),
    [
        ("<dana@flow.example.com>", "250"),
        ("<DANA@Flow.Example.Com>", "250"),
        (" <dana+token@flow.example.com>", "250"),
        ("<postmaster@flow.example.com>", "250"),
        ("<Postmaster>", "250"),
        ("<nobody@flow.example.com>", "550 5.1.1"),
        ("<dana+other@flow.example.com>", "550 5.1.1"),
        ("<dana@elsewhere.org>", "550 5.7.1"),
        ("<dana@sub.flow.example.com>", "550 5.7.1"),
        # Relays, as scanners ask for them.
        ('<"dana@elsewhere.org">', "550"),
        ('<"dana%elsewhere.org">', "550"),
        ('<"dana@elsewhere.org"@flow.example.com>', "550"),
        ('<"dana%elsewhere.org"@flow.example.com>', "550"),
        ("<dana%elsewhere.org@flow.example.com>", "550"),
        ("<dana@elsewhere.org@flow.example.com>", "550"),
        ("<dana@elsewhere.org@[127.0.0.1]>", "550"),
        ("<dana%elsewhere.org@[127.0.0.1]>", "550"),
        ("<dana@[127.0.0.1]>", "550"),
        ("<@flow.example.com:dana@elsewhere.org>", "550"),
        ("<@[127.0.0.1]:dana@elsewhere.org>", "550"),
        ("<@flow.example.com,@b:dana@flow.example.com>", "550"),
        ("<elsewhere.org!dana>", "550"),
        ("<elsewhere.org!dana@flow.example.com>", "550"),
        ("<elsewhere.org!dana@[127.0.0.1]>", "550"),
        ("<>", "550"),
        # No addresses at all.
        ("<dana>", "550"),
        ("<dana@flow.example.com\0>", "501"),
        ("<dana@flow.example.com\rBcc: x@y>", "501"),
        ("<dana @flow.example.com>", "550"),
        ("<dana@flow.example.com", "501"),
        ("dana@flow.example.com", "501"),
        (f"<{'d' * 700}@flow.example.com>", "550"),
        ("<dana@flow.example.com> NOTIFY=NEVER", "555"),
        ("", "501"),
    ],
)
async def test_recipients(recipient: str, answer: str, open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()
        await client.ask_all("EHLO client", "MAIL FROM:<a@example.net>")

        assert (await client.ask(f"RCPT TO:{recipient}")).startswith(answer)


@pytest.mark.parametrize(
    ("argument", "answer"),
    [
        ("<a@example.net>", "250"),
        (" <a@example.net>", "250"),
        ("<a..b.@example.net>", "250"),
        ('<"a b>"@example.net>', "250"),
        ("<a@[192.0.2.1]>", "250"),
        ("<a@example.net> BODY=8BITMIME SIZE=1000", "250"),
        ("<a@example.net> size=25000000", "250"),
        ("<a@example.net> SIZE=25000001", "552"),
        (f"<a@example.net> SIZE={'9' * 20}", "552"),
        (f"<a@example.net> SIZE={'9' * 21}", "501"),
        ("<a@example.net> SIZE=x", "501"),
        ("<a@example.net> BODY=BINARYMIME", "501"),
        ("<a@example.net> SMTPUTF8", "555"),
        ("<a@example.net> AUTH=<>", "553"),
        ("<@b:a@example.net>", "553"),
        ("<a b@example.net>", "553"),
        ("<a>", "553"),
        ("a@example.net", "501"),
        ("<a@example.net", "501"),
        ("<a@example.net>BODY=7BIT", "501"),
        ("<\xe4@example.net>", "500"),
        ("<a@example.net\r>", "501"),
    ],
)
async def test_senders(argument: str, answer: str, open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()
        await client.ask("EHLO client")

        assert (await client.ask(f"MAIL FROM:{argument}")).startswith(answer)


async def test_the_hundred_and_first_recipient_has_to_wait(open_house: OpenHouse) -> None:
    house = await open_house()
    async with connected(house.port) as client:
        await client.reply()
        await client.ask_all("EHLO c", "MAIL FROM:<>")
        rcpt = "RCPT TO:<dana@flow.example.com>"

        assert [a[:3] for a in await client.ask_all(*[rcpt] * 102)] == ["250"] * 100 + ["452"] * 2


@pytest.mark.parametrize(("protocol", "hello"), [("smtp", "EHLO c"), ("lmtp", "LHLO c")])
async def test_behind_an_upstream_that_rewrites_envelopes_any_recipient_is_taken(
    protocol: str, hello: str, open_house: OpenHouse
) -> None:
    house = await open_house(protocol=protocol, recipient_headers=("X-Original-To",))
    async with connected(house.port) as client:
        await client.reply()

        answer = await client.mail(MESSAGE + b".\r\n", "x@elsewhere.org", hello=hello)

    assert answer.startswith("250")
    assert house.taken[0].recipients == ("x@elsewhere.org",)
