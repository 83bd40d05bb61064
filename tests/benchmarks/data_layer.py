"""The statements of taking a mail: by our data layer, and by sqlite3 alone."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from mailflow.conversations.taking import take
from mailflow.mail.envelope import Envelope
from mailflow.store.columns import EPOCH
from mailflow.store.unit import Unit
from tests.benchmarks.clocks import seconds_each
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.flow import START, Flow

TOGETHER = 10
"""Mails in one commit."""

BLOB = "INSERT OR IGNORE INTO blob (digest, content, pieces) VALUES (?, ?, 0)"
MAIL = (
    "INSERT INTO takenmail (at, sender, recipients, peer, blob, lease, helo, state, owner, attempts,"
    " message_id, digest, author, subject, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 'taken', '', 0, NULL, '', '', '', '') RETURNING id"
)


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """Two databases of the same tables."""
    for name in ("ours", "plain"):
        (folder / name).mkdir()
    Flow(folder / "plain").close()
    path = folder / "plain" / "data" / "mailflow.db"
    with (
        closing(Flow(folder / "ours")) as flow,
        closing(sqlite3.connect(path, isolation_level=None)) as plain,
    ):
        plain.execute("PRAGMA synchronous = full")
        yield {
            "ours": lambda: _microseconds(lambda: flow.run(_take_all)),
            "plain": lambda: _microseconds(lambda: _plain(plain)),
        }


def _microseconds(work: Callable[[], object]) -> float:
    return seconds_each(work) / TOGETHER * 1e6


def _take_all(unit: Unit) -> None:
    take(unit, list(_envelopes()))


def _plain(database: sqlite3.Connection) -> None:
    at = int((START - EPOCH).total_seconds()) * 1_000_000
    database.execute("BEGIN IMMEDIATE")
    for one in _envelopes():
        raw = bytes(one.raw)
        digest = sha256(raw).hexdigest()
        database.execute(BLOB, (digest, raw))
        recipients = f'["{one.recipients[0]}"]'
        values = (at, one.sender, recipients, one.peer, digest, at, one.helo)
        database.execute(MAIL, values).fetchone()
    database.execute("COMMIT")


def _envelopes() -> Iterator[Envelope]:
    for _ in range(TOGETHER):
        raw = os.urandom(16) + bytes(5_000)
        yield Envelope("a@client.test", ("dana@flow.test",), "127.0.0.1", "client.test", raw)


BENCHMARK = Benchmark(
    "data-layer",
    opened,
    [
        Figure(
            "CPU of taking, against sqlite3 by hand: microseconds", "ours", "plain", at_most=1.3
        ),
    ],
)
