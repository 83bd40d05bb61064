"""The PostgreSQL server is ended (as by a crash) and comes back, again and again, under load."""

import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from tests.conftest import Count, Figure
from tests.end_to_end.world import World, eventually
from tests.postgresql import Server
from tests.torture.books import Books, Copy, Findings, copies, repeated
from tests.torture.load import BUSY, Load

LATER = timedelta(minutes=20)
"""After which everything is due that waits for another try."""


def more_than(taken: Sequence[str], before: int) -> bool:
    return len(taken) > before


class ServerBooks(Books):
    """A database on a server."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url) as connection:
            return connection.execute(query.replace("?", "%s").encode(), values).fetchall()

    def damages(self) -> list[str]:
        return []  # a server that was not recovered whole takes no connection


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_restarts_of_the_server_lose_nothing(
    tmp_path: Path, database: str, server: Server, count: Count, figure: Figure
) -> None:
    world, books = World(tmp_path, BUSY, database), ServerBooks(database)
    restarts, chance = count(4, 100), Random(7)
    in_flight: set[Copy] = set()
    try:
        world.start()
        with Load(world) as load:
            eventually(lambda: load.booked)
            for _ in range(restarts):
                time.sleep(chance.uniform(0.2, 1))
                server.control("restart", "--mode=immediate")
                in_flight |= set(books.in_flight())
                eventually(partial(more_than, load.taken, len(load.taken)))
        world.end(signal.SIGKILL)
        in_flight |= set(books.in_flight())
        world.start(MAILFLOW_NOW=(datetime.now(UTC) + LATER).isoformat())
        eventually(books.is_quiet)
        assert books.audit(load.taken, load.booked, copies(world.boxes.mails)) == Findings()
        assert repeated(world.boxes.mails, in_flight) == []
        assert load.refusals == []
    finally:
        world.close()
    figure(f"lost of {len(load.taken)} mails answered 250, over {restarts} server restarts", 0)
    figure(f"doubled or half made of {len(load.booked)} bookings, the same", 0)
