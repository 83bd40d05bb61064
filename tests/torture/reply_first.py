"""A broken mailflow, made of the parts of the real one: it answers 250 first, and keeps the mail after that."""

import asyncio
import os
import sys
from pathlib import Path

from mailflow.conversations.taking import take
from mailflow.doors.listener import Listener
from mailflow.mail.envelope import Envelope, Recipient
from mailflow.service import load_house
from mailflow.store import open_store
from tests.torture.forking import fork_on_demand


async def answer_first(config: Path) -> None:
    house = load_house(config, os.environ)
    store = open_store(house)
    store.start()
    keeping: list[asyncio.Future[int]] = []

    async def take_later(envelope: Envelope) -> None:
        keeping.append(store.run_joined(take, envelope))

    listener = Listener(
        house.config.listener,
        hostname="flow.test",
        accepts=lambda address: Recipient.OURS,
        take=take_later,
    )
    host, port = await listener.start()
    print(f"ready smtp={host}:{port} http={host}:{port}", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    fork_on_demand(lambda: asyncio.run(answer_first(Path(sys.argv[1]))))
