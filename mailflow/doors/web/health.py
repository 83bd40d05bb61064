"""What the operator's own machines ask, at an address of its own."""

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailflow import vitals
from mailflow.doors.web import metrics
from mailflow.journal import log
from mailflow.store import Store
from mailflow.store.engines import is_embedded
from mailflow.store.room import has_room
from mailflow.vitals import SUSPICIOUS, Vitals

PATIENCE = 2
"""Seconds that the database has to answer."""


def build_health(store: Store) -> Starlette:
    """`/healthz`: 200 while the database can be read, somebody works and no queue stands still, else 503.

    `/metrics` is for Prometheus. `/healthz/live` is 200 as long as the process answers: a restart mends nothing of
    the rest.
    """
    config = store.house.config
    data_dir = config.mailflow.data_dir

    async def alive(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    def answering(said: Callable[[Vitals], Response]) -> Callable[[Request], object]:
        async def respond(request: Request) -> Response:
            try:
                async with asyncio.timeout(PATIENCE):
                    found = await store.read(vitals.look)
            except Exception as error:  # whatever it is, the answer to the question is no
                log.error("health.unknown", error=error)
                return PlainTextResponse("the database cannot be read\n", 503)
            return said(found)

        return respond

    def healthy(found: Vitals) -> Response:
        wrong = [vitals.say(queue, found.now) for queue in found.late(SUSPICIOUS)]
        if not found.is_worked(SUSPICIOUS):
            wrong.append("nobody works the queues: no process with the role worker was heard of")
        if is_embedded(config) and not has_room(data_dir):
            wrong.append("the disk is nearly full: no mail is taken")
        return PlainTextResponse(
            "\n".join([*wrong, ""]) if wrong else "ok\n", 503 if wrong else 200
        )

    def measured(found: Vitals) -> Response:
        return Response(metrics.text(found, data_dir), media_type=metrics.MEDIA_TYPE)

    return Starlette(
        routes=[
            Route("/healthz", answering(healthy)),
            Route("/healthz/live", alive),
            Route("/metrics", answering(measured)),
        ]
    )
