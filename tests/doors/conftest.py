"""What the tests of the doors share: a certificate, and a listener with its post bag."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from mailflow.config import Endpoint
from mailflow.config import Listener as Settings
from mailflow.doors.listener import Limits, Listener
from mailflow.mail.envelope import Envelope, Recipient
from tests.doors.peers import Certificate

DOMAIN = "flow.example.com"


def accepts(address: str) -> Recipient:
    """An exact list, as the house has one."""
    local, _, domain = address.lower().rpartition("@")
    if domain != DOMAIN:
        return Recipient.FOREIGN
    known = local in ("dana", "kim", "dana+token", "postmaster")
    return Recipient.OURS if known else Recipient.UNKNOWN


@dataclass
class House:
    """A running listener, and what it was handed."""

    listener: Listener
    protocol: str
    port: int = 0
    taken: list[Envelope] = field(default_factory=list)


Take = Callable[[Envelope], Awaitable[None]]
OpenHouse = Callable[..., Awaitable[House]]


@asynccontextmanager
async def opened(
    settings: Settings,
    limits: Limits,
    take: Take | None,
    has_room: Callable[[], bool] = lambda: True,
    folder: Path | None = None,
) -> AsyncIterator[House]:
    async def keep(envelope: Envelope) -> None:
        if take is not None:
            await take(envelope)
        house.taken.append(replace(envelope, raw=bytes(envelope.raw)))

    listener = Listener(
        settings,
        hostname=DOMAIN,
        accepts=accepts,
        take=keep,
        has_room=has_room,
        folder=str(folder) if folder else None,
        limits=limits,
    )
    house = House(listener, settings.protocol)
    _, house.port = await listener.start()
    try:
        yield house
    finally:
        await listener.stop()


@pytest.fixture
def database() -> str:
    """The doors know nothing of databases: one kind is enough."""
    return "sqlite"


@pytest.fixture
async def open_house() -> AsyncIterator[OpenHouse]:
    """Opens a listener on a free port of loopback; keys of the configuration may be given."""
    async with AsyncExitStack() as stack:

        async def start(
            limits: Limits | None = None,
            take: Take | None = None,
            has_room: Callable[[], bool] = lambda: True,
            folder: Path | None = None,
            **keys: object,
        ) -> House:
            settings = Settings(address=Endpoint("127.0.0.1", 0), **keys)  # type: ignore[arg-type]
            limits = limits or Limits(stop=0.5)
            return await stack.enter_async_context(opened(settings, limits, take, has_room, folder))

        yield start


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder: Path = tmp_path_factory.mktemp("tls")
    return Certificate.make(folder)
