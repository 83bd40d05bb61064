"""`serve`: everything, until it is told to end."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from typing import Annotated, Any

import typer

from mailflow.cli.arguments import check_roles
from mailflow.cli.opening import configured_house
from mailflow.config import Endpoint
from mailflow.journal import log, open_journal
from mailflow.service import Role, running
from mailflow.store.unit import House

try:
    from uvloop import new_event_loop as fast_loop
except ImportError:  # not on every system; asyncio's own does the same
    fast_loop = None  # type: ignore[assignment]


Roles = Annotated[
    str,
    typer.Option(
        callback=check_roles,
        metavar="ROLE,…",
        help="Which of listener, web and worker; all of them.",
    ),
]


EVERYTHING = ",".join(Role)


def serve(context: typer.Context, roles: Roles = EVERYTHING) -> None:
    """Take mail, serve pages and send mail, until SIGTERM or Ctrl-C."""
    house = configured_house(context)
    house.templates.check()
    open_journal(sys.stderr, house.clock)
    logging.captureWarnings(capture=True)
    run_until_stopped(_serve(house, [Role(name) for name in roles.split(",")]))


def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`; SIGINT and SIGTERM cancel it, which is a clean end."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = fast_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_stoppable(work))


async def _stoppable(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


async def _serve(house: House, roles: Collection[Role]) -> None:
    async with running(house, roles) as ports:
        places = (f"{name}={Endpoint(*ports[name])}" for name in ("smtp", "http") if name in ports)
        typer.echo(" ".join(["ready", *places]))
        log.info("serve.started", roles=sorted(roles))
        try:
            await asyncio.Event().wait()
        finally:
            log.info("serve.stopping")
