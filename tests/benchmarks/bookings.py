"""Bookings by the links of offers, and their pages, while 50 browsers press without a pause (wrk)."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path
from urllib.parse import urlsplit

from mailflow import config
from mailflow.appointments.links import slot_url
from mailflow.keys import Keyring, new_id
from mailflow.mail.addresses import Person
from mailflow.post.conversations import join, open_conversation
from mailflow.rendering import Templates, packaged_templates
from mailflow.store import Store, open_store
from mailflow.store.states import Role
from mailflow.store.tables import Offer, OfferedSlot
from mailflow.store.unit import House, Unit
from tests.benchmarks.programs import Sink
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.end_to_end.world import World
from tests.flow import SETTINGS

BROWSERS = 50
LINKS = 400
"""Of one measurement, each another client's, for another time."""

SECONDS = 20
"""In which all are to be pressed: wrk sits out the rest."""

APART = timedelta(minutes=50)
"""As long as a session of the settings takes."""

_PRESSED = re.compile(r"^pressed (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """A mailflow that does everything, on SQLite, and sends to an smtp-sink."""
    with ExitStack() as stack:
        world = World(folder, SETTINGS)
        stack.callback(world.close)
        world.stderr = stack.enter_context((folder / "journal").open("wb"))
        world.boxes.close()  # an smtp-sink in their place
        stack.callback(world.boxes.open)
        stack.enter_context(Sink(world.boxes.port))
        store = _store(world)
        stack.callback(store.close)
        world.start()
        links = partial(_links, store, count(1))
        pages, books = Crowd(world, "GET", links), Crowd(world, "POST", links)
        yield {
            "page p50": pages.p50,
            "page p99": pages.p99,
            "booking p50": books.p50,
            "booking p99": books.p99,
        }


class Crowd:
    """Browsers that do one thing, and the milliseconds until half of them, and 99 of 100, had their answer."""

    def __init__(self, world: World, method: str, links: Callable[[], Sequence[str]]) -> None:
        self._world = world
        self._method = method
        self._links = links
        self._p99 = 0.0

    def p50(self) -> float:
        """Press, each link once."""
        paths = self._world.folder / "paths"
        paths.write_text("\n".join(self._links()))
        command = [
            *("wrk", f"--connections={BROWSERS}", "--threads=1", f"--duration={SECONDS}s"),
            f"--timeout={SECONDS}s",
            *("--script", str(Path(__file__).with_name("press.lua"))),
            *(f"http://127.0.0.1:{self._world.http}", "--", self._method, str(paths)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told = _PRESSED.search(done.stdout)
        assert told, done.stdout
        pressed, wrong, half, most = map(int, told.groups())
        assert pressed >= LINKS - BROWSERS and not wrong, done.stdout
        self._p99 = most / 1000
        return half / 1000

    def p99(self) -> float:
        """Of the same."""
        return self._p99


def _store(world: World) -> Store:
    """The tables of a mailflow, for a process beside it."""
    settings = config.load(world.config, {})
    house = House(
        config=settings,
        keys=Keyring(config.secrets(settings)),
        templates=Templates([packaged_templates()]),
        clock=lambda: datetime.now(UTC),
        random=os.urandom,
        node="benchmark",
    )
    return open_store(house)


def _links(store: Store, numbers: Iterator[int]) -> list[str]:
    """The paths of fresh links, each of an offer of one time to a client of its own."""
    chosen = list(islice(numbers, LINKS))
    return store.run_now(lambda unit: [_path(unit, number) for number in chosen])


def _path(unit: Unit, number: int) -> str:
    conversation = open_conversation(unit, "dana", "A question")
    person = Person(f"Client {number}", f"client-{number}@client.test")
    client = join(unit, conversation, person, Role.CLIENT)
    expires = unit.now + timedelta(days=7)
    offer = unit.db.insert(
        Offer(
            new_id(unit.random), conversation.id, "coaching", "", unit.now, expires, explicit=True
        )
    )
    start = unit.now.replace(minute=0, second=0, microsecond=0) + timedelta(days=1) + number * APART
    unit.db.insert(OfferedSlot(0, offer.id, 1, start, start + APART))
    return urlsplit(slot_url(unit, offer, 1, client) or "").path


BENCHMARK = Benchmark(
    "bookings",
    opened,
    [
        Figure("a slot's page at 50 connections, p50: ms", "page p50"),
        Figure("… p99: ms", "page p99"),
        Figure("a booking at 50 connections, p50: ms", "booking p50"),
        Figure("… p99: ms", "booking p99", at_most=60),
    ],
)
