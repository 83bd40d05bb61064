"""A booking's confirmation, built, signed and queued: for one person, and for each further one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from mailflow.appointments.announcing import announce
from mailflow.appointments.telling import Change, News
from mailflow.mail.addresses import Person
from mailflow.mail.wire.signing import Signer, new_key
from mailflow.post.conversations import join
from mailflow.store import open_store
from mailflow.store.states import Role
from mailflow.store.tables import Booking, Conversation
from mailflow.store.unit import Unit
from tests.benchmarks.clocks import seconds_each
from tests.benchmarks.race import Benchmark, Figure, Measure
from tests.flow import Flow, to

MORE = 10
"""Further people in the conversation."""


class _Undone(Exception):
    """Ends a transaction of which nothing shall be kept."""


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """Two bookings, each told to all again and again: one of host and client, one of `MORE` people beside them."""
    signer = Signer.read("flow.test", "one", new_key())
    flows = [_booked(folder / "few", signer, 0), _booked(folder / "many", signer, MORE)]
    few, many = (partial(_milliseconds, flow) for flow in flows)
    signed = partial(_signature, signer, flows[0].now)
    try:
        yield {
            "one": lambda: few() / 2,
            "each further": lambda: (many() - few()) / MORE,
            "a signature": signed,
            "each further, unsigned": lambda: (many() - few()) / MORE - signed(),
        }
    finally:
        for flow in flows:
            flow.close()


def _booked(folder: Path, signer: Signer, more: int) -> Flow:
    folder.mkdir()
    flow = Flow(folder)
    flow.store.close()
    flow.store = open_store(replace(flow.house, signer=signer))
    asked = to(flow.mail("Ann <ann@client.test>", "dana@flow.test"), "dana@coach.test")
    flow.run(_bring_in, more)
    offered = flow.reply("Dana Coach <dana@coach.test>", asked, "/offer coaching")
    flow.reply("Ann <ann@client.test>", to(offered, "ann@client.test"), "2")
    return flow


def _bring_in(unit: Unit, more: int) -> None:
    (conversation,) = unit.db.all(Conversation)
    for number in range(more):
        join(
            unit,
            conversation,
            Person(f"Guest {number}", f"guest{number}@client.test"),
            Role.PARTICIPANT,
        )


def _milliseconds(flow: Flow) -> float:
    """CPU time of telling everybody in a booking of it; nothing is kept."""

    def told(unit: Unit) -> None:
        (booking,) = unit.db.all(Booking)
        announce(unit, booking, News(Change.MOVED, booking.start))
        raise _Undone

    def tell() -> None:
        with suppress(_Undone):
            flow.run(told)

    return seconds_each(tell) * 1000


def _signature(signer: Signer, at: datetime) -> float:
    """CPU time of a signature over next to nothing: what OpenSSL takes for the RSA, mostly."""
    return seconds_each(lambda: signer.sign(b"From: dana@flow.test\r\n\r\n", at)) * 1000


BENCHMARK = Benchmark(
    "confirmations",
    opened,
    [
        Figure("one confirmation, built, signed and queued: ms of CPU", "one", at_most=1.5),
        Figure("each further person's: ms of CPU", "each further", at_most=0.5),
        Figure("of that an RSA-2048 signature: ms of CPU", "a signature"),
        Figure("and all the rest: ms of CPU", "each further, unsigned"),
    ],
)
