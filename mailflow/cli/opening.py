"""The house that the command line's configuration names, and one transaction in it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import typer

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
        return store.run_now(work, *args, **kwargs)


def look(
    context: typer.Context,
    work: Callable[Concatenate[Unit, P], R],
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """The result of `work(unit, …)`, which only reads, beside whoever writes."""
    with opened(context) as store:
        return store.read_now(work, *args, **kwargs)
