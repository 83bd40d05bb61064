"""Delivery, against a smarthost that is good, and one that goes wrong at every step."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from threading import current_thread, main_thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.config import Endpoint
from mailflow.config import Smarthost as Settings
from mailflow.doors.delivery import FOR_ONE_DOMAIN, Delivery
from mailflow.doors.pace import CONNECTIONS, LETTERS, Pace
from mailflow.doors.smarthost import STANDARD, Patience, Smarthost
from mailflow.errors import LetterUnread, SmarthostAway
from mailflow.mail.outgoing import Letter, Outcome, Result
from mailflow.mail.spooled import PIECE, Spooled
from mailflow.phrases import Said
from tests.doors.peers import (
    STEPS,
    Certificate,
    Misdeed,
    drips,
    drops,
    hanging,
    is_silent,
    says,
    scripted,
    sink,
)

HASTE = 0.2
STEP = {
    **dict.fromkeys(("connect", "EHLO"), "connecting"),
    **dict.fromkeys(("MAIL", "RCPT", "DATA"), "envelope"),
    "message": "message",
    "dot": "answer",
    "RSET": "waking",
}


def hasty(step: str) -> Patience:
    """No patience with a smarthost that is silent there; for all else as long as a busy machine may take."""
    return replace(Patience(), **{STEP[step]: HASTE})


MESSAGE = b"Subject: Hello\r\n\r\n.\r\n..two\r\n\xc3\xa4\r\n"


def letter(number: int = 1, message: bytes = MESSAGE, **keys: str) -> Letter:
    sender = keys.get("sender", f"bounce+{number}@flow.example.com")
    return Letter(number, sender, keys.get("recipient", f"r{number}@example.net"), message, 1)


@dataclass
class Queue:
    """An outbox in memory."""

    letters: list[Letter]
    results: list[Result] = field(default_factory=list)
    renewed: list[Collection[int]] = field(default_factory=list)
    commits: int = 0
    failures: int = 0  # commits that are to fail
    slowness: float = 0.0

    async def claim(
        self, limit: int, *, for_one_domain: int, under_way: Collection[str]
    ) -> list[Letter]:
        domains = Counter(under_way)
        claimed: list[Letter] = []
        for each in self.letters:
            if len(claimed) < limit and domains[each.domain] < for_one_domain:
                domains[each.domain] += 1
                claimed.append(each)
        self.letters = [each for each in self.letters if each not in claimed]
        return claimed

    def whole(self, letter: Letter) -> AbstractAsyncContextManager[Letter]:
        return nullcontext(letter)

    async def renew(self, numbers: Collection[int]) -> None:
        self.renewed.append(numbers)

    async def settle(self, results: Sequence[Result]) -> None:
        await asyncio.sleep(self.slowness)
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        self.commits += 1
        self.results += results

    def outcomes(self) -> list[Outcome]:
        return [result.outcome for result in sorted(self.results, key=lambda r: r.id)]


@asynccontextmanager
async def delivering(settings: Settings, queue: Queue) -> AsyncIterator[Delivery]:
    """A delivery whose queue is looked at all the time."""
    pace = Pace(rest=0.05, longest_rest=0.2)
    made = Delivery(settings, queue, hostname="flow.example.com", pace=pace)

    async def go_on() -> None:
        while True:
            await made.deliver_due()
            await asyncio.sleep(0.005)

    loop = asyncio.create_task(go_on())
    try:
        async with asyncio.timeout(20):
            yield made
    finally:
        loop.cancel()
        await made.stop(1)


async def settled(queue: Queue, number: int) -> None:
    while len(queue.results) < number:
        await asyncio.sleep(0.005)


async def send(settings: Settings, *letters: Letter, patience: Patience = STANDARD) -> list[Result]:
    """One letter after the other, over one connection as long as it holds."""
    smarthost = Smarthost(settings, hostname="flow.example.com", patience=patience)
    results = []
    for each in letters:
        try:
            results.append(await smarthost.send(each))
        except SmarthostAway as away:
            results.append(Result(each.id, Outcome.DEFERRED, away.detail))
    await smarthost.quit()
    return results


async def outcomes(
    settings: Settings, *letters: Letter, patience: Patience = STANDARD
) -> list[Outcome]:
    return [result.outcome for result in await send(settings, *letters, patience=patience)]


# All is well


async def test_sends_the_bytes_as_they_are() -> None:
    async with sink() as peer:
        results = await send(Settings(address=peer.endpoint), letter())

    assert results == [Result(1, Outcome.SENT, "250 2.0.0 queued")]
    assert peer.taken == [("bounce+1@flow.example.com", ["r1@example.net"], MESSAGE)]


@pytest.mark.parametrize("shift", range(5))
async def test_sends_what_lies_in_a_file_as_it_is_wherever_its_pieces_are_cut(shift: int) -> None:
    lines = b"Subject: " + b"x" * shift + b"\r\n\r\n" + (b"." + b"y" * 61 + b"\r\n") * 20_000
    assert len(lines) > PIECE
    with TemporaryFile() as file:
        file.write(lines)
        big = replace(letter(), message=Spooled(file, 0, len(lines)))
        async with sink() as peer:
            (result,) = await send(Settings(address=peer.endpoint), big)
    assert result.outcome is Outcome.SENT
    assert peer.taken[0][2] == lines


class Reads(BytesIO):
    """A file that counts how often it is read in the thread of the loop."""

    number = 0

    def read(self, size: int | None = -1) -> bytes:
        self.number += current_thread() is main_thread()
        return super().read(size)


async def test_others_have_their_turn_while_a_big_letter_goes_out() -> None:
    file, seen, each_turn = Reads(b"Subject: x\r\n\r\n" + (b"y" * 70 + b"\r\n") * 100_000), 0, []

    def turn() -> None:
        nonlocal seen
        each_turn.append(file.number - seen)
        seen = file.number
        asyncio.get_running_loop().call_soon(turn)

    turn()
    big = replace(letter(), message=Spooled(file, 0, len(file.getvalue())))
    async with sink() as peer:
        (result,) = await send(Settings(address=peer.endpoint), big, patience=Patience())
    assert result.outcome is Outcome.SENT
    assert sum(each_turn) > 50
    assert max(each_turn) <= 2


@pytest.mark.parametrize("where", [0, 1, 2])
async def test_refuses_what_lies_in_a_file_and_has_a_bare_line_end(where: int) -> None:
    lines = bytearray(b"y" * 62 + b"\r\n") * 20_000
    lines[PIECE - where] = ord("\n") if where != 1 else ord("y")
    with TemporaryFile() as file:
        file.write(lines)
        big = replace(letter(), message=Spooled(file, 0, len(lines)))
        async with sink() as peer:
            assert await outcomes(Settings(address=peer.endpoint), big) == [Outcome.REFUSED]


class Unread(Queue):
    """An outbox whose disk has trouble."""

    @asynccontextmanager
    async def whole(self, letter: Letter) -> AsyncIterator[Letter]:
        raise LetterUnread from OSError("canary")
        yield letter


async def test_what_cannot_be_read_from_the_disk_is_tried_again() -> None:
    async with sink() as peer:
        queue = Unread([letter()])
        async with delivering(Settings(address=peer.endpoint), queue):
            await settled(queue, 1)
    assert queue.outcomes() == [Outcome.DEFERRED]
    assert peer.taken == []


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


async def test_a_queue_is_sent_over_a_few_connections_that_are_kept() -> None:
    letters = [letter(n, recipient=f"r{n}@{n % 5}.example") for n in range(60)]
    async with sink() as peer:
        queue = Queue(letters)
        async with delivering(Settings(address=peer.endpoint), queue):
            await settled(queue, 60)

    assert queue.outcomes() == [Outcome.SENT] * 60
    assert sorted(recipients[0] for _, recipients, _ in peer.taken) == sorted(
        each.recipient for each in letters
    )
    assert peer.connections <= CONNECTIONS


async def test_letters_that_hang_do_not_hold_those_for_other_domains() -> None:
    hang = [letter(n, recipient=f"r{n}@slow.example") for n in range(20)]
    others = [letter(n, recipient=f"r{n}@{n}.example") for n in range(100, 130)]
    patient = Patience(envelope=10)
    async with hanging("slow.example") as peer:
        queue = Queue([*hang, *others])
        settings = Settings(address=peer.endpoint)
        sender = Delivery(settings, queue, hostname="flow.example.com", patience=patient)
        async with asyncio.timeout(5):
            while len(queue.results) < 30:
                await sender.deliver_due()
                await asyncio.sleep(0.005)
        assert len(queue.letters) == 20 - FOR_ONE_DOMAIN
        await sender.stop(0)

    assert {result.id for result in queue.results} == {each.id for each in others}


async def test_results_that_wait_together_share_a_commit() -> None:
    letters = [letter(n, recipient=f"r{n}@{n}.example") for n in range(40)]
    async with sink() as peer:
        queue = Queue(letters, slowness=0.05)
        async with delivering(Settings(address=peer.endpoint), queue):
            await settled(queue, 40)

    assert queue.commits < 20


async def test_a_result_that_cannot_be_recorded_is_not_forgotten() -> None:
    async with sink() as peer:
        queue = Queue([letter(1), letter(2)], failures=1)
        async with delivering(Settings(address=peer.endpoint), queue):
            await settled(queue, 2)

    assert queue.outcomes() == [Outcome.SENT] * 2
    assert len(peer.taken) == 2


async def test_what_is_claimed_twice_since_the_clock_was_set_is_sent_once() -> None:
    async with sink() as peer:
        queue = Queue([letter(1)], slowness=0.2)
        async with delivering(Settings(address=peer.endpoint), queue):
            while queue.letters:
                await asyncio.sleep(0)
            queue.letters = [letter(1), letter(2)]
            await settled(queue, 2)

    assert queue.outcomes() == [Outcome.SENT] * 2
    assert len(peer.taken) == 2


async def test_what_is_under_way_gives_signs_of_life() -> None:
    async with scripted("dot", is_silent) as peer:
        queue = Queue([letter()])
        sender = Delivery(Settings(address=peer.endpoint), queue, hostname="flow.example.com")
        await sender.deliver_due()
        assert queue.renewed == []
        await sender.deliver_due()
        await sender.deliver_due()
        await sender.stop(0)

    assert queue.renewed == [[1]]


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
SILENT = {"silence", "drip"}
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
@pytest.mark.parametrize("pipelining", [False, True])
async def test_trouble_is_an_outcome(step: str, name: str, pipelining: bool) -> None:
    async with scripted(step, MISDEEDS[name], pipelining=pipelining) as peer:
        async with asyncio.timeout(20):
            (result,) = await send(Settings(address=peer.endpoint), letter(), patience=hasty(step))

    assert result.outcome == expected(step, name)
    assert str(result.detail).isprintable()
    assert 0 < len(str(result.detail)) <= 400


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("silence", "the mail server gave no answer in time"),
        ("drop", "the mail server broke off the connection"),
        ("554", "554"),
    ],
)
async def test_trouble_is_said_in_words_and_a_refusal_in_the_servers(name: str, words: str) -> None:
    async with scripted("RCPT", MISDEEDS[name]) as peer:
        settings = Settings(address=peer.endpoint)
        (result,) = await send(settings, letter(), patience=hasty("RCPT"))
    assert str(result.detail).startswith(words)
    assert isinstance(result.detail, Said) == (name != "554")


async def test_a_smarthost_that_is_not_there_is_said_in_words() -> None:
    async with sink() as peer:
        gone = Settings(address=peer.endpoint)
    (result,) = await send(gone, letter())
    assert str(result.detail).startswith("the mail server was not reached: ")


@pytest.mark.parametrize("step", STEPS[2:])
@pytest.mark.parametrize("name", MISDEEDS)
@pytest.mark.parametrize("pipelining", [False, True])
async def test_trouble_with_one_letter_is_not_the_next_ones(
    step: str, name: str, pipelining: bool
) -> None:
    async with scripted(step, MISDEEDS[name], times=1, pipelining=pipelining) as peer:
        settings = Settings(address=peer.endpoint)
        patience = hasty(step) if name in SILENT else STANDARD
        got = await outcomes(settings, letter(1), letter(2), patience=patience)

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


BIG = letter(message=b"Subject: x\r\n\r\n" + (b"y" * 70 + b"\r\n") * 200_000)


@asynccontextmanager
async def reading_a_megabyte(then: Misdeed) -> AsyncIterator[Settings]:
    """A smarthost that is good until it has that much of a message, and hangs up after its misdeed."""
    hung_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 brusque.example.net\r\n")
        while (await reader.readline())[:4].upper() != b"DATA":
            writer.write(b"250 ok\r\n")
        writer.write(b"354 go on\r\n")
        try:
            await reader.readexactly(1_000_000)
            await then(writer)
            await asyncio.sleep(0.1)  # what is not read yet when it ends may throw away its words
        finally:
            writer.close()
            hung_up.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Settings(address=Endpoint("127.0.0.1", server.sockets[0].getsockname()[1]))
        await hung_up.wait()


@pytest.mark.parametrize(
    ("misdeed", "outcome", "detail"),
    [
        (drops, Outcome.DEFERRED, "the mail server broke off the connection"),
        (is_silent, Outcome.DEFERRED, "the mail server broke off the connection"),
        (
            says(b"552 5.3.4 too big\r\n"),
            Outcome.REFUSED,
            "the mail server answered: 552 5.3.4 too big",
        ),
        (
            says(b"421 4.3.2 going\r\n"),
            Outcome.DEFERRED,
            "the mail server answered: 421 4.3.2 going",
        ),
        (says(b"250 got it\r\n"), Outcome.DEFERRED, "the mail server answered: 250 got it"),
    ],
)
async def test_what_is_broken_off_before_the_final_dot_was_surely_not_taken(
    misdeed: Misdeed, outcome: Outcome, detail: str
) -> None:
    async with reading_a_megabyte(misdeed) as settings:
        (result,) = await send(settings, BIG)
    assert (result.outcome, str(result.detail)) == (outcome, detail)


async def test_what_is_not_read_to_its_final_dot_was_surely_not_taken() -> None:
    async with reading_a_megabyte(drips) as settings:
        (result,) = await send(settings, BIG, patience=hasty("message"))
    assert result.outcome is Outcome.DEFERRED
    assert str(result.detail) == "the mail server gave no answer in time"


async def test_what_may_go_together_goes_together() -> None:
    together: list[list[bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 patient.example.net\r\n")
        await reader.readline()
        writer.write(b"250-patient.example.net\r\n250-8BITMIME\r\n250 PIPELINING\r\n")
        for before in (b"", b"250 reset\r\n"):  # nothing is answered before the DATA is there
            together.append([await reader.readline() for _ in range(3 + bool(before))])
            writer.write(before + b"250 ok\r\n250 ok\r\n354 go on\r\n")
            await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250 taken\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        endpoint = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
        got = await outcomes(Settings(address=endpoint), letter(1), letter(2))
    assert got == [Outcome.SENT] * 2
    verbs = [[line[:4].strip() for line in lines] for lines in together]
    assert verbs == [[b"MAIL", b"RCPT", b"DATA"], [b"RSET", b"MAIL", b"RCPT", b"DATA"]]


@given(st.binary(max_size=60).map(lambda said: said + b"\r\n"), st.sampled_from(STEPS))
@settings(max_examples=40, deadline=None)
def test_whatever_a_smarthost_says_is_an_outcome(text: bytes, step: str) -> None:
    async def once() -> Outcome:
        async with scripted(step, says(text), pipelining=True) as peer:
            async with asyncio.timeout(20):
                settings = Settings(address=peer.endpoint)
                return (await outcomes(settings, letter(), patience=hasty(step)))[0]

    assert asyncio.run(once()) in Outcome


async def test_eight_bits_go_only_to_who_takes_them() -> None:
    eight_bits = letter(message=b"Subject: x\r\n\r\n\xff\r\n")
    seven_bits = letter(2, b"Subject: x\r\n\r\nx\r\n")
    async with scripted("EHLO", says(b"250 bad.example.net\r\n")) as peer:
        got = await outcomes(Settings(address=peer.endpoint), eight_bits, seven_bits)
    assert got == [Outcome.REFUSED, Outcome.SENT]
    assert len(peer.taken) == 1
    async with sink() as other:
        assert await outcomes(Settings(address=other.endpoint), eight_bits) == [Outcome.SENT]


async def test_an_idle_connection_that_the_smarthost_ended_is_opened_again() -> None:
    async with scripted("RSET", drops) as peer:
        got = await outcomes(Settings(address=peer.endpoint), letter(1), letter(2))

    assert got == [Outcome.SENT] * 2


@pytest.mark.parametrize("step", ["connect", "EHLO", "MAIL"])
async def test_a_smarthost_that_is_away_is_asked_by_one_letter_at_a_time(step: str) -> None:
    away = 12  # the first few at once, then one after each rest
    async with scripted(step, says(b"421 not now\r\n"), times=away) as peer:
        queue = Queue([letter(n, recipient=f"r{n}@{n}.example") for n in range(200)])
        started = time.monotonic()
        async with delivering(Settings(address=peer.endpoint), queue):
            await settled(queue, 200)

    assert queue.outcomes().count(Outcome.DEFERRED) == away
    assert queue.outcomes().count(Outcome.SENT) == 200 - away
    assert time.monotonic() - started > 0.05 + 0.1 + 0.2 * (away - CONNECTIONS - 2)


def test_the_pace_after_trouble() -> None:
    pace = Pace(rest=1, longest_rest=4)
    assert pace.width(0) == CONNECTIONS
    rests = []
    now = 100.0
    for _ in range(4):
        pace.slow_down(now)
        pace.slow_down(now)  # two connections that break together are one trouble
        rest = next(seconds for seconds in range(10) if pace.width(now + seconds))
        assert pace.width(now + rest) == 1
        rests.append(rest)
        now += rest
    assert rests == [1, 2, 4, 4]
    for letters in range(CONNECTIONS * LETTERS):
        assert pace.width(now) == min(1 + letters // LETTERS, CONNECTIONS)
        pace.speed_up()
    pace.slow_down(now)
    assert pace.width(now + 1) == 1


@pytest.mark.parametrize(
    "misdeed", [says(b"502 no such command\r\n"), drops, is_silent, says(b"\xff\r\n")]
)
@pytest.mark.parametrize("pipelining", [False, True])
async def test_a_smarthost_that_does_not_do_rset(misdeed: Misdeed, pipelining: bool) -> None:
    async with scripted("RSET", misdeed, pipelining=pipelining) as peer:
        settings = Settings(address=peer.endpoint)
        got = await outcomes(settings, *(letter(n) for n in range(3)), patience=hasty("RSET"))

    assert got == [Outcome.SENT] * 3


async def test_a_connection_that_nobody_uses_is_ended() -> None:
    async with sink() as peer:
        queue = Queue([letter()])
        async with delivering(Settings(address=peer.endpoint), queue) as sender:
            await settled(queue, 1)
            assert peer.open == 1
            await sender.stop(1)
            assert peer.open == 0


async def test_what_is_under_way_at_a_stop_has_no_result() -> None:
    async with scripted("dot", is_silent) as peer:
        queue = Queue([letter()])
        patient = Delivery(Settings(address=peer.endpoint), queue, hostname="flow.example.com")
        await patient.deliver_due()
        while not peer.taken:
            await asyncio.sleep(0.01)
        await patient.stop(0)

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


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("security", "wrapped"), [("starttls", False), ("tls", True)])
async def test_a_certificate_of_another_name(
    security: str, wrapped: bool, certificate: Certificate
) -> None:
    async with sink(certificate.server_context(), wrapped=wrapped) as peer:
        named = Endpoint("localhost", peer.endpoint.port)  # it is one of 127.0.0.1
        settings = Settings(address=named, security=security)  # type: ignore[arg-type]
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
    assert "wrong" not in str(result.detail)
