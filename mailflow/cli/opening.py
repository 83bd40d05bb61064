"""The house that the command line's configuration names, and one transaction in it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import typer

from mailflow.doors.calendars import Calendars
from mailflow.doors.decisions import Decisions
from mailflow.doors.readers import Readers
from mailflow.service import load_house
from mailflow.store import Store, Unit, open_store
from mailflow.store.unit import House

P = ParamSpec("P")
R = TypeVar("R")


def config_path(context: typer.Context) -> Path:
    """The file that --config names, or what stands for it."""
    path = context.find_root().obj
    return path if isinstance(path, Path) else Path(path)


def configured_house(context: typer.Context) -> House:
    """The house of the configuration; raises `ConfigError`."""
    return load_house(config_path(context), os.environ)


@contextmanager
def opened(context: typer.Context) -> Iterator[Store]:
    """The store of the configuration, closed at the end."""
    store = open_store(configured_house(context))
    try:
        yield store
    finally:
        store.close()


def transact(
    context: typer.Context,
    work: Callable[Concatenate[Unit, P], R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """The result of `work(unit, …)`, once its transaction is on disk."""
    with opened(context) as store:
        store.start()
        return asyncio.run(_decided(store, lambda unit: work(unit, *args, **kwargs)))


def read_calendars(context: typer.Context, slug: str) -> None:
    """Read the calendars of a type's hosts, as far as that can be done in a short time."""
    with opened(context) as store:
        hosts = store.house.config.appointment_type(slug).hosts
        if any(store.house.config.host(handle).calendars for handle in hosts):
            store.start()
            asyncio.run(Calendars(store).refresh(frozenset(hosts)))


async def _decided(store: Store, work: Callable[[Unit], R]) -> R:
    """The result of `work`, once what it needs beside the database is there."""
    readers = Readers(store.house.config.mailflow.domain)
    try:
        return await Decisions(store, readers, Calendars(store)).run(work)
    finally:
        readers.close()


def look(
    context: typer.Context,
    work: Callable[Concatenate[Unit, P], R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """The result of `work(unit, …)`, which only reads, beside whoever writes."""
    with opened(context) as store:
        return store.read_now(work, *args, **kwargs)
