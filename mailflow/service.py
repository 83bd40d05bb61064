"""Builds the parts of a running mailflow, and runs them in one event loop."""

import asyncio
import gc
import os
import socket
import sys
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from mailflow import config, nodes
from mailflow.config import Config
from mailflow.conversations import taking
from mailflow.doors.authentication import Authenticator
from mailflow.doors.calendars import Calendars
from mailflow.doors.delivery import Delivery
from mailflow.doors.listener import Listener
from mailflow.doors.readers import Readers
from mailflow.doors.web import Web
from mailflow.errors import ConfigError, DiskFailed
from mailflow.keys import Keyring
from mailflow.mail.envelope import Recipient
from mailflow.mail.own_addresses import OwnAddresses
from mailflow.mail.wire.signing import Signer
from mailflow.post import outbox
from mailflow.rendering import Templates, packaged_templates
from mailflow.store import DatabaseTrouble, Store, is_new, open_store, room
from mailflow.store.engines import is_embedded
from mailflow.store.unit import House
from mailflow.worker import StoredOutbox, Worker


class Role(StrEnum):
    """What a process does of all that mailflow does."""

    LISTENER = "listener"
    WEB = "web"
    WORKER = "worker"


SWITCH = 0.002
"""Seconds for which a thread computes while another waits; Python's own are 5. The loop has to wait several times in a
row, once for each of what it has to do. With 1 each mail costs more."""

Ports = Mapping[str, tuple[str, int]]
"""Where a running mailflow can be reached, by `smtp` and by `http`, as far as it takes mail and serves pages."""


def clock(environment: Mapping[str, str]) -> Callable[[], datetime]:
    """The present instant; with `MAILFLOW_NOW` (ISO 8601) the clock begins there, for trying what happens later."""
    begin = environment.get("MAILFLOW_NOW")
    if not begin:
        return lambda: datetime.now(UTC)
    try:
        ahead = datetime.fromisoformat(begin).astimezone(UTC) - datetime.now(UTC)
    except ValueError:
        raise ConfigError(
            [f"MAILFLOW_NOW = {begin!r}: expected a time such as 2026-12-01T10:00Z"]
        ) from None
    return lambda: datetime.now(UTC) + ahead


def furnish(settings: Config, now: Callable[[], datetime]) -> House:
    """What all transactions of this configuration share. ConfigError: a language or a key cannot be had."""
    folder = settings.mailflow.data_dir / "templates"
    templates = Templates([folder, packaged_templates()])
    _check_languages(settings, templates.languages.tags, folder)
    return House(
        config=settings,
        keys=Keyring(config.secrets(settings)),
        templates=templates,
        clock=now,
        random=os.urandom,
        node=os.urandom(8).hex(),
        signer=_signer(settings),
    )


def _signer(settings: Config) -> Signer | None:
    smarthost = settings.smarthost
    if smarthost.dkim_key_file is None:
        return None
    try:
        pem = smarthost.dkim_key_file.read_bytes()
        return Signer.read(settings.mailflow.domain, smarthost.dkim_selector, pem)
    except (OSError, ValueError) as error:
        raise ConfigError(
            [
                f"{smarthost.dkim_key_file} (smarthost.dkim_key_file) {error}:"
                " expected a key as `mailflow init --dkim` makes it"
            ]
        ) from None


def _check_languages(settings: Config, tags: Sequence[str], folder: Path) -> None:
    mistakes = [
        f'hosts[{number}].language = "{host.language}": expected one of {", ".join(tags)},'
        f" or a catalogue of your own, {folder}/languages/{host.language}.po"
        for number, host in enumerate(settings.hosts)
        if host.language not in tags
    ]
    if mistakes:
        raise ConfigError(mistakes)


def load_house(path: Path, environment: Mapping[str, str]) -> House:
    """The house of a configuration file; raises `ConfigError`.

    A new one gets its first secret. Where there may be a database already, a missing secret is a mistake: with another
    one, no address and no link that is out there would be known any more.
    """
    settings = config.load(path, environment)
    if not settings.mailflow.secret_file.exists() and is_new(settings):
        config.write_secret(settings.mailflow.secret_file, os.urandom)
    return furnish(settings, clock(environment))


@asynccontextmanager
async def running(house: House, roles: Collection[Role] = tuple(Role)) -> AsyncIterator[Ports]:
    """A mailflow that takes mail, serves pages and works its queues, or some of these, until the block ends."""
    # The last to start is the first to stop: nobody new comes in, then what was begun is finished, then the rest
    # waits for the next start.
    with _opened(house) as store:
        async with _known(store, roles), AsyncExitStack() as parts:
            calendars = Calendars(store)
            ports = {}
            if Role.WORKER in roles:
                await _work(store, calendars, parts)
            if Role.WEB in roles:
                web = Web(store, calendars)
                parts.push_async_callback(web.stop)
                ports["http"] = await web.start()
            if Role.LISTENER in roles:
                listener = _listener(store)
                parts.push_async_callback(listener.stop)
                ports["smtp"] = await listener.start()
            sys.setswitchinterval(SWITCH)
            # What is there now stays: to look at all of it for garbage would stop everything for a tenth of a second.
            gc.collect()
            gc.freeze()
            yield ports


@contextmanager
def _opened(house: House) -> Iterator[Store]:
    """The store, ready to serve. Once its disk has failed the block is cancelled, and ends with `DiskFailed`."""
    # Big mails lie there for a while, wherever the database is.
    house.config.mailflow.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = open_store(house)
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    store.failed = lambda: task and loop.call_soon_threadsafe(task.cancel)
    try:
        store.prove()
        store.start()
        yield store
    except asyncio.CancelledError:
        if store.failure is None:
            raise
        raise store.failure from None
    finally:
        store.close()


@asynccontextmanager
async def _known(store: Store, roles: Collection[Role]) -> AsyncIterator[None]:
    """Known to all who share the database as one that lives, until the block ends."""
    machine = socket.gethostname()
    await store.run(nodes.be_seen, machine, sorted(roles))
    beating = asyncio.create_task(_beat(store, machine, roles))
    try:
        yield
    finally:
        beating.cancel()
        with suppress(DatabaseTrouble, DiskFailed):
            await store.run(nodes.leave)


async def _beat(store: Store, machine: str, roles: Collection[Role]) -> None:
    while True:
        await asyncio.sleep(nodes.BEAT.total_seconds())
        with suppress(DatabaseTrouble):  # who asks meanwhile finds no database either
            await store.run(nodes.be_seen, machine, sorted(roles))


async def _work(store: Store, calendars: Calendars, parts: AsyncExitStack) -> None:
    """Start to work the queues, until `parts` are closed."""
    await store.run(taking.recover)
    await store.run(outbox.recover)
    settings = store.house.config
    hostname = settings.mailflow.domain
    delivery = Delivery(settings.smarthost, StoredOutbox(store), hostname=hostname)
    readers = Readers(hostname)
    parts.callback(readers.close)
    worker = Worker(store, delivery, calendars, readers, Authenticator(settings).check)
    worker.start()
    parts.push_async_callback(worker.stop)


def _listener(store: Store) -> Listener:
    settings = store.house.config
    return Listener(
        settings.listener,
        hostname=settings.mailflow.domain,
        accepts=_recipients(store.house),
        take=partial(store.run_joined, taking.take),
        has_room=_room(settings),
        folder=str(settings.mailflow.data_dir),
    )


def _room(settings: Config) -> Callable[[], bool]:
    """Whether the disk has room for more mail; a server of its own sees to its disk itself."""
    if not is_embedded(settings):
        return lambda: True
    return room.seen_to(settings.mailflow.data_dir, asyncio.get_running_loop().time)


def _recipients(house: House) -> Callable[[str], Recipient]:
    """What each address is to us, as the listener asks at RCPT."""
    own = OwnAddresses(house.config, house.keys)

    def accepts(address: str) -> Recipient:
        if not own.is_own(address):
            return Recipient.FOREIGN
        return Recipient.OURS if own.read(address) else Recipient.UNKNOWN

    return accepts
