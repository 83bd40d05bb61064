"""Delivery, against a smarthost that is good, and one that goes wrong at every step."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mailflow.config import Smarthost as Settings
from mailflow.doors.delivery import CONNECTIONS, ROUND, Delivery
from mailflow.doors.smarthost import Patience, Smarthost
from mailflow.mail.outgoing import Letter, Outcome, Result
from tests.doors.peers import (
    STEPS,
    Certificate,
    Misdeed,
    drips,
    drops,
    is_silent,
    says,
    scripted,
    sink,
)

HASTY = Patience(connecting=0.2, envelope=0.2, answer=0.2, quitting=0.2)
MESSAGE = b"Subject: Hello\r\n\r\n.\r\n..two\r\n\xc3\xa4\r\n"


def letter(number: int = 1, message: bytes = MESSAGE, **keys: str) -> Letter:
    sender = keys.get("sender", f"bounce+{number}@flow.example.com")
    return Letter(number, sender, keys.get("recipient", f"r{number}@example.net"), message, 1)


@dataclass
class Queue:
    """An outbox in memory."""

    letters: list[Letter]
    results: list[Result] = field(default_factory=list)

    async def claim(self, limit: int) -> list[Letter]:
        claimed, self.letters = self.letters[:limit], self.letters[limit:]
        return claimed

    async def settle(self, results: list[Result]) -> None:
        self.results += results

    def outcomes(self) -> list[Outcome]:
        return [result.outcome for result in sorted(self.results, key=lambda r: r.id)]


def delivery(settings: Settings, queue: Queue) -> Delivery:
    return Delivery(settings, queue, hostname="flow.example.com", patience=HASTY)


async def send(settings: Settings, *letters: Letter) -> list[Result]:
    """One letter after the other, over one connection."""
    async with Smarthost(settings, hostname="flow.example.com", patience=HASTY) as smarthost:
        return [await smarthost.send(each) for each in letters]


async def outcomes(settings: Settings, *letters: Letter) -> list[Outcome]:
    return [result.outcome for result in await send(settings, *letters)]


# All is well


async def test_sends_the_bytes_as_they_are() -> None:
    async with sink() as peer:
        results = await send(Settings(address=peer.endpoint), letter())

    assert results == [Result(1, Outcome.SENT, "250 2.0.0 queued")]
    assert peer.taken == [("bounce+1@flow.example.com", ["r1@example.net"], MESSAGE)]


async def test_the_null_sender() -> None:
    async with sink() as peer:
        assert await outcomes(Settings(address=peer.endpoint), letter(sender="")) == [Outcome.SENT]

    assert peer.taken[0][0] == "<>"  # as aiosmtpd calls it


async def test_one_connection_serves_many_letters() -> None:
    async with sink() as peer:
        assert (
            await outcomes(Settings(address=peer.endpoint), *(letter(n) for n in range(9)))
            == [Outcome.SENT] * 9
        )

    assert peer.connections == 1


async def test_a_round_shares_its_letters_among_a_few_connections() -> None:
    async with sink() as peer:
        queue = Queue([letter(n) for n in range(ROUND + 3)])
        sender = delivery(Settings(address=peer.endpoint), queue)

        assert [await sender.deliver_due() for _ in range(3)] == [ROUND, 3, 0]

    assert queue.outcomes() == [Outcome.SENT] * (ROUND + 3)
    assert sorted(recipients[0] for _, recipients, _ in peer.taken) == sorted(
        f"r{n}@example.net" for n in range(ROUND + 3)
    )
    assert peer.connections == CONNECTIONS + 3


# What must not leave


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(letter(message=b"a\nb\r\n"), id="bare LF"),
        pytest.param(letter(message=b"a\rb\r\n"), id="bare CR"),
        pytest.param(letter(message=b"a\0b\r\n"), id="NUL"),
        pytest.param(letter(message=b"a\r\n."), id="no line end"),
        pytest.param(letter(message=b""), id="nothing"),
        pytest.param(letter(recipient=""), id="no recipient"),
        pytest.param(letter(recipient="a@b>\r\nRCPT TO:<c@d"), id="two recipients"),
        pytest.param(letter(recipient="a@b> NOTIFY=NEVER"), id="a parameter"),
        pytest.param(letter(recipient="A <a@b>"), id="a name"),
        pytest.param(letter(recipient="\xe4@b"), id="not ASCII"),
        pytest.param(letter(sender="a@b\n"), id="a sender with a line end"),
    ],
)
async def test_is_refused_here(bad: Letter) -> None:
    async with sink() as peer:
        assert await outcomes(Settings(address=peer.endpoint), bad) == [Outcome.REFUSED]

    assert peer.connections == 0


# Trouble

MISDEEDS = {
    "421": says(b"421 going down\r\n"),
    "451": says(b"451-4.7.1 greylisted\r\n451 4.7.1 come back\r\n"),
    "554": says(b"554 5.7.1 no\r\n"),
    "drop": drops,
    "silence": is_silent,
    "garbage": says(b"\x00\xff good day\r\n"),
    "999": says(b"999 what\r\n"),
    "megabyte": says(b"250-" + b"x" * 1_000_000),
    "endless": says(b"250-x\r\n" * 100_000),
    "drip": drips,
}
REFUSED = {("MAIL", "554"), ("RCPT", "554"), ("DATA", "554"), ("dot", "554")}
DEFERRED_AT_THE_DOT = {"421", "451"}


def expected(step: str, misdeed: str) -> Outcome:
    if (step, misdeed) in REFUSED:
        return Outcome.REFUSED
    if step == "dot" and misdeed not in DEFERRED_AT_THE_DOT:
        return Outcome.UNKNOWN
    return Outcome.DEFERRED


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", MISDEEDS)
async def test_trouble_is_an_outcome(step: str, name: str) -> None:
    async with scripted(step, MISDEEDS[name]) as peer:
        async with asyncio.timeout(3):
            (result,) = await send(Settings(address=peer.endpoint), letter())

    assert result.outcome == expected(step, name)
    assert result.detail.isprintable()
    assert 0 < len(result.detail) <= 300


@pytest.mark.parametrize("step", STEPS[2:])
@pytest.mark.parametrize("name", MISDEEDS)
async def test_trouble_with_one_letter_is_not_the_next_ones(step: str, name: str) -> None:
    async with scripted(step, MISDEEDS[name], times=1) as peer:
        got = await outcomes(Settings(address=peer.endpoint), letter(1), letter(2))

    assert got == [expected(step, name), Outcome.SENT]
    assert peer.taken[-1] == MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\n"


@pytest.mark.parametrize(
    ("misdeed", "outcome"),
    [
        pytest.param(says(b"250 well\r\n"), Outcome.DEFERRED, id="250 to DATA"),
        pytest.param(says(b"530 log in first\r\n"), Outcome.DEFERRED, id="our fault"),
    ],
)
async def test_odd_answers_to_data(misdeed: Misdeed, outcome: Outcome) -> None:
    async with scripted("DATA", misdeed) as peer:
        assert await outcomes(Settings(address=peer.endpoint), letter()) == [outcome]


async def test_a_second_answer_is_not_taken_for_the_next_letters() -> None:
    async with scripted("dot", says(b"552 too big\r\n250 at last\r\n"), times=1) as peer:
        got = await outcomes(Settings(address=peer.endpoint), letter(1), letter(2))

    assert got == [Outcome.REFUSED, Outcome.SENT]


async def test_an_idle_connection_that_the_smarthost_ended_is_opened_again() -> None:
    async with scripted("RSET", drops) as peer:
        got = await outcomes(Settings(address=peer.endpoint), letter(1), letter(2))

    assert got == [Outcome.SENT] * 2


async def test_a_smarthost_that_is_away_is_asked_once() -> None:
    async with scripted("connect", drops) as peer:
        got = await outcomes(Settings(address=peer.endpoint), *(letter(n) for n in range(5)))

    assert got == [Outcome.DEFERRED] * 5
    assert peer.times == 1_000_000 - 1


async def test_what_was_under_way_when_cancelled_has_no_result() -> None:
    async with scripted("dot", is_silent) as peer:
        queue = Queue([letter()])
        patient = Delivery(Settings(address=peer.endpoint), queue, hostname="flow.example.com")
        task = asyncio.create_task(patient.deliver_due())
        while not peer.taken:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert queue.results == []


# TLS and login


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system trusts the certificate of the smarthost."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("security", "wrapped"), [("starttls", False), ("tls", True)])
async def test_tls(security: str, wrapped: bool, certificate: Certificate) -> None:
    async with sink(certificate.server_context(), wrapped=wrapped) as peer:
        settings = Settings(address=peer.endpoint, security=security)  # type: ignore[arg-type]
        assert await outcomes(settings, letter(1), letter(2)) == [Outcome.SENT] * 2


@pytest.mark.parametrize(("security", "wrapped"), [("starttls", False), ("tls", True)])
async def test_a_certificate_that_nobody_vouches_for(
    security: str, wrapped: bool, certificate: Certificate
) -> None:
    async with sink(certificate.server_context(), wrapped=wrapped) as peer:
        settings = Settings(address=peer.endpoint, security=security)  # type: ignore[arg-type]
        assert await outcomes(settings, letter()) == [Outcome.DEFERRED]

    assert peer.taken == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_nothing_leaves_in_clear_where_tls_was_asked_for(security: str) -> None:
    async with sink() as peer:
        settings = Settings(address=peer.endpoint, security=security)  # type: ignore[arg-type]
        assert await outcomes(settings, letter()) == [Outcome.DEFERRED]

    assert peer.taken == []


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("password", "outcome"),
    [("sesame\n", Outcome.SENT), ("wrong", Outcome.DEFERRED), (None, Outcome.DEFERRED)],
)
async def test_login(
    password: str | None, outcome: Outcome, certificate: Certificate, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if password is not None:
        file.write_text(password)
    async with sink(certificate.server_context(), login=True) as peer:
        settings = Settings(
            address=peer.endpoint, security="starttls", username="flow", password_file=file
        )
        (result,) = await send(settings, letter())

    assert result.outcome == outcome
    assert "wrong" not in result.detail
