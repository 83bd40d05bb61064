"""The site: a request becomes a call of the house, and its answer, or its error, a page."""

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mailflow.appointments.pages import Asked, booked
from mailflow.doors.calendars import Calendars
from mailflow.doors.web.fields import check_lengths, read_fields
from mailflow.doors.web.limits import Limits
from mailflow.doors.web.places import PLACES, Act, Place, Show
from mailflow.errors import (
    BadToken,
    Expired,
    InvalidForm,
    MailflowError,
    NotFound,
    SlotTaken,
    TooLate,
    TooMany,
)
from mailflow.rendering import Templates
from mailflow.store import Store

NOT_FOUND = 404

STATUS: Mapping[type[MailflowError], int] = {
    BadToken: NOT_FOUND,
    NotFound: NOT_FOUND,
    SlotTaken: 409,
    TooLate: 409,
    Expired: 410,
}
"""What a visitor's browser is told of each error."""

FAILURES = {409, 410, 422}
"""What a link of ours came to when its button did nothing."""

PROBLEMS = {
    400: ("We cannot read this", "Your browser sent something that we do not understand."),
    403: ("This came from another site", "Please open the link in your mail again."),
    405: ("This cannot be done here", "Please open the link in your mail again."),
    409: (
        "It is too late to change this here",
        "Please answer the mail about this appointment, and say what you would like.",
    ),
    413: ("This is too much", "Please send less."),
    500: ("Something went wrong", "The fault is ours. Please try again in a few minutes."),
}
"""Heading and text of the page for a status that has none of its own."""

ASSETS = {"mailflow.css": "text/css", "zone.js": "text/javascript"}

NO_STORE = {"Cache-Control": "no-store"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}

Endpoint = Callable[[Request], Awaitable[Response]]


def build_site(store: Store, calendars: Calendars) -> Starlette:
    """All pages; without a public URL there are none."""
    site = Site(store, calendars)
    fixed = [
        Route("/assets/{name}", _assets(store.house.templates)),
        Route("/booking/{token}/invite.ics", site.calendar_file),
    ]
    has_pages = bool(store.house.config.mailflow.public_url)
    app = Starlette(
        routes=[*fixed, *map(site.route, PLACES)] if has_pages else [],
        exception_handlers={HTTPException: site.refused, Exception: site.failed},
    )
    # A redirect to the same path with a slash would be made of the Host header.
    app.router.redirect_slashes = False
    return app


class Site:
    """Answers the requests for pages."""

    def __init__(self, store: Store, calendars: Calendars) -> None:
        self._store = store
        self._calendars = calendars
        self._limits = Limits(store.house.clock)

    def route(self, place: Place) -> Route:
        """Where a place is found, and how."""

        async def respond(request: Request) -> Response:
            return await self._respond(place, request)

        return Route(place.path, respond, methods=["GET", "POST"] if place.act else ["GET"])

    async def calendar_file(self, request: Request) -> Response:
        """The `invite.ics` of a booking."""
        try:
            content = await self._store.read(booked.calendar_file, **request.path_params)
        except (BadToken, NotFound):
            return problem(self._store.house.templates, NOT_FOUND)
        headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="invite.ics"'}
        return Response(content, headers=headers, media_type="text/calendar; charset=utf-8")

    async def refused(self, request: Request, error: Exception) -> Response:
        """The page for a request that no place can answer."""
        if not isinstance(error, HTTPException):
            raise error
        return problem(self._store.house.templates, error.status_code, error.headers)

    async def failed(self, request: Request, error: Exception) -> Response:
        """The page for a fault of ours; it says nothing of the error."""
        return problem(self._store.house.templates, 500)

    async def _respond(self, place: Place, request: Request) -> Response:
        if request.method != "POST" or place.act is None:
            return await self._answer(place, request)
        try:
            self._limits.admit(request)
            answer = await self._answer(place, request)
        except TooMany as error:
            return too_many(self._store.house.templates, error.wait)
        if answer.status_code in FAILURES:
            self._limits.failed(request)
        return answer

    async def _answer(self, place: Place, request: Request) -> Response:
        asked, path = await read_fields(request), request.path_params
        try:
            if request.method == "POST" and place.act:
                return await self._act(place, place.act, asked, path)
            return await self._show(place.show, asked, path)
        except tuple(STATUS) as error:
            status = STATUS[type(error)]
            show = place.instead.get(type(error))
            if show is None:
                return problem(self._store.house.templates, status)
            return await self._show(show, asked, path, status)

    async def _act(self, place: Place, act: Act, asked: Asked, path: Mapping[str, Any]) -> Response:
        try:
            check_lengths(asked)
            url = await self._calendars.run(act, asked, **path)
        except InvalidForm as error:
            again = replace(asked, errors=error.errors)
            return await self._show(place.show, again, path, 422)
        # Without the origin: however the visitor reached us, that way goes on.
        local = urlsplit(url)._replace(scheme="", netloc="").geturl()
        return RedirectResponse(local, 303, NO_STORE)

    async def _show(
        self, show: Show, asked: Asked, path: Mapping[str, Any], status: int = 200
    ) -> Response:
        page = await self._store.read(show, asked, **path)
        html = self._store.house.templates.page(page.template, **page.facts)
        return HTMLResponse(html, status, NO_STORE)


def problem(
    templates: Templates, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """The page for a request that comes to nothing."""
    heading, text = PROBLEMS.get(status, PROBLEMS[400])
    html = (
        templates.page("not_found")
        if status == NOT_FOUND
        else templates.page("problem", heading=heading, text=text, status=status)
    )
    return HTMLResponse(html, status, {**(headers or {}), **NO_STORE})


def too_many(templates: Templates, wait: timedelta) -> Response:
    """The page for who has to wait."""
    minutes = timedelta(minutes=math.ceil(wait / timedelta(minutes=1)))
    headers = {**NO_STORE, "Retry-After": str(math.ceil(wait.total_seconds()))}
    return HTMLResponse(templates.page("too_many", wait=minutes), 429, headers)


def _assets(templates: Templates) -> Endpoint:
    """The style sheet and the script; a link that names their version may be kept for ever."""
    contents = {name: templates.asset(name) for name in ASSETS}

    async def respond(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            return problem(templates, NOT_FOUND)
        known = request.query_params.get("v") == templates.assets_version
        return Response(
            contents[name], headers=FOR_EVER if known else NO_STORE, media_type=ASSETS[name]
        )

    return respond
