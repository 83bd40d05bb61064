"""A smarthost that breaks off, refuses, goes away and comes back: nothing is lost, and twice comes only what may be."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from mailflow.config import Endpoint, Smarthost
from mailflow.doors.delivery import Delivery
from mailflow.doors.pace import CONNECTIONS, Pace
from mailflow.doors.smarthost import Patience
from mailflow.mail.addresses import Person
from mailflow.mail.outgoing import UNKNOWN_TRIES, UNKNOWN_WAIT
from mailflow.mail.wire.header_fields import Mailbox, ids
from mailflow.post.copies import Copy, queue_copies
from mailflow.store.states import Sending
from mailflow.store.tables import Delivery as Row
from mailflow.store.unit import Unit
from mailflow.worker import StoredOutbox
from tests.conftest import Count, Figure
from tests.flow import Flow

HASTY = Patience(*[0.5] * 6)
BUSY = 10.0  # seconds that a busy machine may take for a step; no peer is silent in these tests
UNHURRIED = Patience(*[BUSY] * 6)

Mood = Callable[[str, str], str]
"""What it does at a step, for a recipient: a reply, or one of these."""

WELL, DROP, TAKE_AND_DROP = "", "drop", "take and drop"


@dataclass
class Moody:
    """A smarthost with moods, and what it has of whom, each with the moment by the clock of mailflow."""

    mood: Mood
    clock: Callable[[], datetime]
    has: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    order: list[str] = field(default_factory=list)
    dots: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        self._answer("connect", recipient, "220 here", writer)
        while line := (await reader.readline()).decode():
            verb = line[:4].strip().upper()
            if verb == "RCPT":
                recipient = line.partition("<")[2].partition(">")[0]
            well = {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok")
            if self._answer(verb, recipient, well, writer) and verb == "DATA":
                message = await reader.readuntil(b"\r\n.\r\n")
                self._take(recipient, message, writer)

    def _take(self, recipient: str, message: bytes, writer: asyncio.StreamWriter) -> None:
        self.dots[recipient].append(self.clock())
        mood = self.mood("dot", recipient)
        if mood in (WELL, TAKE_AND_DROP):
            self.has[recipient].append(message)
            self.order.append(recipient)
        if mood in (DROP, TAKE_AND_DROP):
            writer.transport.abort()
        else:
            writer.write(f"{mood or '250 taken'}\r\n".encode())

    def _answer(self, step: str, recipient: str, well: str, writer: asyncio.StreamWriter) -> bool:
        mood = self.mood(step, recipient)
        if mood == DROP:
            writer.transport.abort()
        else:
            writer.write(f"{mood or well}\r\n".encode())
        return mood == WELL


class Sender:
    """A delivery over a queue on the disk, which is looked at all the time."""

    def __init__(self, flow: Flow, endpoint: Endpoint, patience: Patience) -> None:
        self._flow = flow
        self._delivery = Delivery(
            Smarthost(address=endpoint),
            StoredOutbox(flow.store),
            hostname="flow.test",
            patience=patience,
            pace=Pace(rest=0.01, longest_rest=0.05),
        )

    async def run(self) -> None:
        while True:
            if not await self._delivery.deliver_due():
                await asyncio.sleep(0.002)

    async def stop(self) -> None:
        await self._delivery.stop(5)

    async def rows(self) -> list[Row]:
        """The whole queue, as it is now."""
        return await self._flow.store.run(lambda unit: unit.db.all(Row))

    async def until_nothing_is_sent(self) -> None:
        while any(row.state is Sending.SENDING for row in await self.rows()):
            await asyncio.sleep(0.01)

    async def until_nothing_is_due(self) -> list[Row]:
        while True:
            rows = await self.rows()
            if not any(row.due <= self._flow.now or row.state is Sending.SENDING for row in rows):
                return rows
            await asyncio.sleep(0.1)

    async def until_all_is_settled(self, step: timedelta) -> list[Row]:
        """Let the clock go on in steps until nothing waits for another try."""
        while True:
            rows = await self.until_nothing_is_due()
            if all(row.settled for row in rows):
                return rows
            self._flow.now += step


@asynccontextmanager
async def sending(
    flow: Flow, endpoint: Endpoint, patience: Patience = UNHURRIED
) -> AsyncIterator[Sender]:
    """Sends while the block runs, which must end in a few minutes."""
    sender = Sender(flow, endpoint, patience)
    task = asyncio.create_task(sender.run())
    try:
        async with asyncio.timeout(300):
            yield sender
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sender.stop()


@asynccontextmanager
async def listening(moody: Moody, port: int = 0) -> AsyncIterator[Endpoint]:
    server = await asyncio.start_server(moody.serve, "127.0.0.1", port)
    try:
        yield Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()


def queue(unit: Unit, number: int, domains: int = 50) -> None:
    """That many letters, to recipients at some domains."""
    for one in range(number):
        ident = f"{one}@flow.test"
        queue_copies(
            unit,
            [("From", Mailbox("", "dana@flow.test")), ("Message-ID", ids([ident]))],
            [Copy(Person("", f"{one}@{one % domains}.test"), b"\r\nHello\r\n")],
            subject="Hello",
            message_id=ident,
        )


def check_repeats(moody: Moody, rows: list[Row]) -> int:
    """Twice comes only what may have arrived, the same each time, and not too often; returns how many too many."""
    unknowns = {row.recipient: row.unknowns for row in rows}
    for recipient, copies in moody.has.items():
        assert len(set(copies)) == 1
        assert len(copies) - 1 <= unknowns[recipient] <= UNKNOWN_TRIES
    return sum(len(copies) - 1 for copies in moody.has.values())


async def test_broken_off_after_the_dot(flow: Flow, count: Count, figure: Figure) -> None:
    """Each letter, twice; each time it has arrived or not, which nobody can know."""
    flow.store.start()
    number, chance = count(50, 500), Random(1)
    tries: dict[str, int] = defaultdict(int)

    def mood(step: str, recipient: str) -> str:
        if step != "dot":
            return WELL
        tries[recipient] += 1
        return WELL if tries[recipient] == UNKNOWN_TRIES else chance.choice([DROP, TAKE_AND_DROP])

    moody = Moody(mood, lambda: flow.now)
    await flow.store.run(queue, number)
    async with listening(moody) as endpoint, sending(flow, endpoint) as sender:
        rows = await sender.until_all_is_settled(timedelta(minutes=5))

    assert [row.state for row in rows] == [Sending.SENT] * number
    assert len(moody.has) == number
    for moments in moody.dots.values():
        assert all(b - a >= UNKNOWN_WAIT for a, b in pairwise(moments))
    repeats = check_repeats(moody, rows)
    figure(f"lost of {number} letters, each broken off twice after the dot", 0)
    figure("copies too many of them, all of the same bytes", repeats)


async def test_trouble_at_every_step(flow: Flow, count: Count, figure: Figure) -> None:
    flow.store.start()
    number, chance = count(40, 1_000), Random(2)
    troubles = [DROP, "421 going", "451 4.2.0 later", "\x00\xff?", "250-x"]

    def mood(step: str, recipient: str) -> str:
        if step == "QUIT" or chance.random() > 0.15:
            return WELL
        return chance.choice([*troubles[:3], TAKE_AND_DROP] if step == "dot" else troubles)

    moody = Moody(mood, lambda: flow.now)
    await flow.store.run(queue, number)
    async with listening(moody) as endpoint, sending(flow, endpoint, HASTY) as sender:
        rows = await sender.until_all_is_settled(timedelta(minutes=30))

    lost = [row for row in rows if row.recipient not in moody.has and row.subject == "Hello"]
    assert all(row.state is Sending.UNKNOWN and row.settled for row in lost)  # and the host knows
    assert len(lost) <= number / 50
    repeats = check_repeats(moody, rows)
    figure(
        f"letters of {number} given up as unknown and never taken, trouble at every step", len(lost)
    )
    figure("copies too many of them, all of the same bytes, all of the unknown", repeats)


async def test_one_recipient_of_several_is_refused(flow: Flow) -> None:
    flow.store.start()
    replies = {"0@0.test": "554 5.7.1 no", "1@1.test": "451 4.7.1 greylisted"}

    def mood(step: str, recipient: str) -> str:
        return replies.pop(recipient, WELL) if step == "RCPT" else WELL

    moody = Moody(mood, lambda: flow.now)
    await flow.store.run(queue, 3)
    async with listening(moody) as endpoint, sending(flow, endpoint) as sender:
        rows = await sender.until_nothing_is_due()
        assert [row.state for row in rows[:3]] == [Sending.FAILED, Sending.QUEUED, Sending.SENT]
        await sender.until_all_is_settled(timedelta(minutes=1))

    assert {
        name: len(copies)
        for name, copies in moody.has.items()
        if name in ("0@0.test", "1@1.test", "2@2.test")
    } == {
        "1@1.test": 1,
        "2@2.test": 1,
    }


async def test_a_smarthost_that_was_down(flow: Flow, count: Count, figure: Figure) -> None:
    """For half an hour, with a full queue; then it goes out, the oldest first, and no slower for its length."""
    flow.store.start()
    number = count(400, 10_000)
    moody = Moody(lambda step, recipient: WELL, lambda: flow.now)
    async with listening(moody) as endpoint:
        pass  # now nobody listens there
    await flow.store.run(queue, number)
    async with sending(flow, endpoint) as sender:
        for _ in range(30):
            await asyncio.sleep(0.1)
            flow.now += timedelta(minutes=1)
        await sender.until_nothing_is_sent()
        flow.now += timedelta(hours=1)  # so that those are due which were tried meanwhile
        async with listening(moody, endpoint.port):
            times = await drained(moody, number)
        await sender.until_nothing_is_sent()
        tried = {row.id - 1 for row in await sender.rows() if row.attempts > 1}

    assert len(moody.order) == number
    assert len(tried) <= 30 * 10 + CONNECTIONS  # at its rests of 50 ms at most; not the whole queue
    untried = [int(name.partition("@")[0]) for name in moody.order]
    untried = [one for one in untried if one not in tried]
    assert all(
        abs(place - one) <= 3 * CONNECTIONS for place, one in enumerate(untried, min(untried))
    )
    quarters = [round(number / 4 / (end - begin)) for begin, end in pairwise(times)]
    figure(f"letters a second in each quarter of {number} after an outage", quarters)
    assert quarters[3] > quarters[0] / 3


async def drained(moody: Moody, number: int) -> list[float]:
    """When each quarter has gone out, from the first letter on."""
    clock = asyncio.get_running_loop().time
    times: list[float] = []
    for quarter in range(5):
        while len(moody.order) < max(1, number * quarter // 4):
            await asyncio.sleep(0.002)
        times.append(clock())
    return times
