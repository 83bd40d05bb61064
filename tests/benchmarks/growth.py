"""What each step of a mail costs when a million messages are stored, against ten thousand."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from peewee import SQL

from mailflow.conversations.placing import place
from mailflow.conversations.receive import receive
from mailflow.conversations.taking import take, take_up
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from mailflow.mail.outgoing import Letter, Outcome, Result
from mailflow.mail.reading import read
from mailflow.post import outbox
from mailflow.store import Unit
from mailflow.store.queries import conversations_knowing
from tests.benchmarks.filling import fill
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.flow import Flow

FEW, MANY = 10_000, 1_000_000

MAILS = 200
"""Of one measurement: what a transaction costs differs by what else is in its pages."""

LETTERS = 16
"""Copies that are claimed at once."""

LINES = 40
WORDS = ("time", "room", "Monday", "perhaps", "about")

MAIL = """\
From: Client <{author}>\r
To: dana@flow.test\r
Subject: Re: Question\r
Message-ID: <{ident}@client.test>\r
In-Reply-To: <{parent}>\r
References: <{parent}>\r
Date: Mon, 23 Nov 2026 09:00:00 +0000\r
\r
{text}\r
"""


class Past:
    """A mailflow with so many messages stored, to which clients go on to write."""

    def __init__(self, folder: Path, messages: int) -> None:
        folder.mkdir()
        self._flow = Flow(folder)
        self._messages = messages
        fill(self._flow, messages)
        self._flow.close()
        self._flow = Flow(folder)  # with no page of the filling in memory
        self._random = random.Random(messages)
        self.close = self._flow.close

    def subjects(self, name: str) -> Mapping[str, Measure]:
        """What is measured, as microseconds of CPU time."""
        return {
            f"taking {name}": partial(self._each, self._take),
            f"storing {name}": partial(self._each, self._store),
            f"lookup {name}": partial(self._each, self._look_up),
            f"claim {name}": self._claim,
        }

    def _each(self, prepare: Callable[[], Callable[[], object]]) -> float:
        spent = 0.0
        for _ in range(MAILS):
            work = prepare()
            spent += _seconds(work)
        return spent / MAILS * 1e6

    def _take(self) -> Callable[[], object]:
        """A mail is taken, and found where it belongs; then it is worked on, and what goes out is sent."""
        raw, _ = self._mail()
        mail = read(raw, "flow.test", "someone@client.test")
        self._work_on_all()

        def work() -> None:
            self._flow.run(take, [self._envelope(raw)])
            assert self._flow.store.read_now(place, "dana", mail)

        return work

    def _store(self) -> Callable[[], object]:
        """All that a mail causes is written."""
        self._work_on_all()
        raw, sender = self._mail()
        self._flow.run(take, [self._envelope(raw)])
        (job,) = self._flow.run(take_up, 1)
        arrival = job.arrival(read(job.raw, "flow.test", sender), Verdict.VERIFIED)
        return lambda: self._flow.run(receive, arrival)

    def _look_up(self) -> Callable[[], object]:
        (wanted, _) = self._some_message()
        return lambda: self._flow.store.read_now(_knowing, wanted)

    def _claim(self) -> float:
        for _ in range(LETTERS):
            self._flow.run(take, [self._envelope(self._mail()[0])])
        self._receive_all()
        letters: list[Letter] = []
        spent = _seconds(lambda: letters.extend(self._flow.run(outbox.claim, LETTERS)))
        assert len(letters) == LETTERS
        self._flow.run(outbox.settle, [Result(one.id, Outcome.SENT, "250 ok") for one in letters])
        return spent / LETTERS * 1e6

    def _work_on_all(self) -> None:
        self._receive_all()
        letters = self._flow.run(outbox.claim, MAILS)
        self._flow.run(outbox.settle, [Result(one.id, Outcome.SENT, "250 ok") for one in letters])

    def _receive_all(self) -> None:
        for job in self._flow.run(take_up, MAILS):
            mail = read(job.raw, "flow.test", job.taken.sender)
            self._flow.run(receive, job.arrival(mail, Verdict.VERIFIED))

    def _mail(self) -> tuple[bytes, str]:
        parent, author = self._some_message()
        ident = self._random.randbytes(12).hex()
        lines = (" ".join(self._random.choices(WORDS, k=10)) for _ in range(LINES))
        raw = MAIL.format(author=author, ident=ident, parent=parent, text="\r\n".join(lines))
        return raw.encode(), author

    def _some_message(self) -> tuple[str, str]:
        number = self._random.randint(1, self._messages)
        query = SQL(f"SELECT message_id, author_address FROM message WHERE id = {number}")
        found: tuple[str, str] = self._flow.run(lambda unit: unit.db.execute(query).fetchone())
        return found

    def _envelope(self, raw: bytes) -> Envelope:
        return Envelope("someone@client.test", ("dana@flow.test",), "127.0.0.1", "client.test", raw)


def _knowing(unit: Unit, message_id: str) -> None:
    assert conversations_knowing(unit.db, "dana", message_id)


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """Two of them: one young, one old. Filling the old one takes some minutes and gigabytes."""
    few, many = Past(folder / "few", FEW), Past(folder / "many", MANY)
    try:
        yield {**few.subjects("10,000"), **many.subjects("1,000,000")}
    finally:
        few.close()
        many.close()


def _grows(step: str, text: str, at_most: float) -> Figure:
    return Figure(text, f"{step} 1,000,000", f"{step} 10,000", at_most=at_most)


BENCHMARK = Benchmark(
    "growth",
    opened,
    [
        _grows("taking", "taking and placing, 1,000,000 messages against 10,000: µs of CPU", 1.3),
        _grows("storing", "… storing all that a mail causes", 1.8),
        _grows("lookup", "… finding a thread by an id", 2.5),
        _grows("claim", "… claiming a copy to send", 1.1),
    ],
)
