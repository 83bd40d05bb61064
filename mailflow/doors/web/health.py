"""What the operator's own machines ask, at an address of its own."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailflow.store import Store
from mailflow.store.queries import due_deliveries
from mailflow.store.unit import Unit

PATIENCE = 2
"""Seconds that the database has to answer."""


def build_health(store: Store) -> Starlette:
    """`/healthz`: 200 while mailflow lives and its database can be read, else 503."""

    async def respond(request: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                await store.read(_look)
        except Exception:  # whatever it is, the answer to the question is no
            return PlainTextResponse("the database cannot be read\n", 503)
        return PlainTextResponse("ok\n")

    return Starlette(routes=[Route("/healthz", respond)])


def _look(unit: Unit) -> None:
    due_deliveries(unit.db, unit.now, limit=1)
