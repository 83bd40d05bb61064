"""What each step of a mail costs when a million messages are stored, against ten thousand."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
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
from mailflow.store import Unit, copy_database
from mailflow.store.queries import known_ids
from tests.benchmarks.filling import fill
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.flow import Flow
from tests.postgresql import DURABLE, running

FEW, MANY = 10_000, 1_000_000
MANY_ON_A_SERVER = 100_000

MAILS = 200
"""Of one measurement: what a transaction costs differs by what else is in its pages."""

LETTERS = 16
"""Copies that are claimed at once."""

CLAIMS = 10
"""One after the other, of one measurement."""

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
    """A mailflow with so many messages stored, to which clients go on to write.

    On a server its time is told by the wall, since the server's work is another process's.
    """

    def __init__(self, folder: Path, messages: int, database: str = "sqlite") -> None:
        folder.mkdir()
        filled = Flow(folder)
        fill(filled, messages)
        filled.close()
        if database != "sqlite":
            server = replace(filled.config.database, url=database)
            there = replace(filled.config, database=server)
            copy_database(filled.config, there, lambda rows: lambda read: None)
        self._flow = Flow(folder, database=database)  # with no page of the filling in memory
        if database != "sqlite":  # what was filled is analysed already
            self._flow.run(lambda unit: unit.db.execute(SQL("ANALYZE")))
        self._clock = time.process_time if database == "sqlite" else time.perf_counter
        self._messages = messages
        self._random = random.Random(messages)
        self.close = self._flow.close

    def subjects(self, name: str) -> Mapping[str, Measure]:
        """What is measured, in microseconds."""
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
            spent += self._seconds(work)
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
        for _ in range(CLAIMS * LETTERS):
            self._flow.run(take, [self._envelope(self._mail()[0])])
        self._receive_all()
        letters: list[Letter] = []
        spent = sum(
            self._seconds(lambda: letters.extend(self._flow.run(outbox.claim, LETTERS)))
            for _ in range(CLAIMS)
        )
        assert len(letters) == CLAIMS * LETTERS
        self._flow.run(outbox.settle, [Result(one.id, Outcome.SENT, "250 ok") for one in letters])
        return spent / len(letters) * 1e6

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

    def _seconds(self, work: Callable[[], object]) -> float:
        began = self._clock()
        work()
        return self._clock() - began


def _knowing(unit: Unit, message_id: str) -> None:
    assert known_ids(unit.db, "dana", [message_id])


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """Two of them: one young, one old. Filling the old one takes some minutes and gigabytes."""
    few, many = Past(folder / "few", FEW), Past(folder / "many", MANY)
    with closing(few), closing(many):
        yield {**few.subjects(f"{FEW:,}"), **many.subjects(f"{MANY:,}")}


@contextmanager
def opened_on_a_server(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """The same on PostgreSQL, where each row comes through the driver: filling takes ten times as long."""
    with running(DURABLE) as server, ExitStack() as pasts:
        subjects: dict[str, Measure] = {}
        for messages in (FEW, MANY_ON_A_SERVER):
            server.execute(f"CREATE DATABASE past_{messages}")
            past = Past(folder / str(messages), messages, server.url(f"past_{messages}"))
            pasts.enter_context(closing(past))
            subjects |= past.subjects(f"{messages:,}")
        yield subjects


def _grows(many: int, of: str) -> list[Figure]:
    promised = [
        ("taking", f"taking and placing, {many:,} messages against {FEW:,}: µs{of}", 1.3),
        ("storing", "… storing all that a mail causes", 1.8),
        ("lookup", "… finding a thread by an id", 2.5),
        ("claim", "… claiming a copy to send", 1.1),
    ]
    return [
        Figure(text, f"{step} {many:,}", f"{step} {FEW:,}", at_most=at_most)
        for step, text, at_most in promised
    ]


BENCHMARK = Benchmark(
    "growth",
    opened,
    _grows(MANY, " of CPU"),
)

ON_A_SERVER = Benchmark(
    "growth-on-postgresql",
    opened_on_a_server,
    _grows(MANY_ON_A_SERVER, " on the wall"),
    rounds=3,
)
