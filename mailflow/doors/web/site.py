"""The site: a request becomes a call of the house, and its answer, or its error, a page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mailflow.appointments.pages import Asked, booked
from mailflow.appointments.pages.page import choice_of_zone
from mailflow.doors.calendars import Calendars
from mailflow.doors.web.fields import check_lengths, read_fields
from mailflow.doors.web.limits import Limits
from mailflow.doors.web.places import PLACES, Act, Place, Show
from mailflow.doors.web.problems import NO_STORE, NOT_FOUND, Problems
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
from mailflow.journal import log
from mailflow.languages import own_name
from mailflow.store import DatabaseTrouble, Store

STATUS: Mapping[type[MailflowError], int] = {
    BadToken: NOT_FOUND,
    NotFound: NOT_FOUND,
    SlotTaken: 409,
    TooLate: 409,
    Expired: 410,
}
"""What a visitor's browser is told of each error."""

DONE = 303
"""What was asked for is done: the visitor goes on to a page that shows it."""

FAILURES = {409, 410, 422}
"""What a link of ours came to when its button did nothing."""

ASSETS = {"mailflow.css": "text/css", "zone.js": "text/javascript"}

RETRY = {"Retry-After": "10"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def build_site(store: Store, calendars: Calendars) -> Starlette:
    """All pages; without a public URL there are none."""
    site = Site(store, calendars)
    fixed = [
        Route("/assets/{name}", site.asset),
        Route("/booking/{token}/invite.ics", site.calendar_file),
    ]
    has_pages = bool(store.house.config.mailflow.public_url)
    app = Starlette(
        routes=[*fixed, *map(site.route, PLACES)] if has_pages else [],
        exception_handlers={
            HTTPException: site.refused,
            DatabaseTrouble: site.unavailable,
            Exception: site.failed,
        },
    )
    # A redirect to the same path with a slash would be made of the Host header.
    app.router.redirect_slashes = False
    return app


class Site:
    """Answers the requests for pages."""

    def __init__(self, store: Store, calendars: Calendars) -> None:
        self._store = store
        self._calendars = calendars
        self._templates = store.house.templates
        self._problems = Problems(store.house)
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
            return self._problems.page(request, NOT_FOUND)
        headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="invite.ics"'}
        return Response(content, headers=headers, media_type="text/calendar; charset=utf-8")

    async def asset(self, request: Request) -> Response:
        """The style sheet or the script; a link that names their version may be kept for ever."""
        name = request.path_params["name"]
        if name not in ASSETS:
            return self._problems.page(request, NOT_FOUND)
        known = request.query_params.get("v") == self._templates.assets_version
        return Response(
            self._templates.asset(name),
            headers=FOR_EVER if known else NO_STORE,
            media_type=ASSETS[name],
        )

    async def refused(self, request: Request, error: Exception) -> Response:
        """The page for a request that no place can answer."""
        if not isinstance(error, HTTPException):
            raise error
        return self._problems.page(request, error.status_code, error.headers)

    async def unavailable(self, request: Request, error: Exception) -> Response:
        """The page while the database cannot be used: it may be back in a moment."""
        log.error("database.trouble", error=error)
        return self._problems.page(request, 503, RETRY)

    async def failed(self, request: Request, error: Exception) -> Response:
        """The page for a fault of ours; it says nothing of the error."""
        return self._problems.page(request, 500)

    async def _respond(self, place: Place, request: Request) -> Response:
        if request.method != "POST" or place.act is None:
            return await self._answer(place, request)
        try:
            self._limits.admit(request)
            answer = await self._answer(place, request)
        except TooMany as error:
            return self._problems.wait(request, error.wait)
        if answer.status_code in FAILURES:
            self._limits.failed(request)
        elif answer.status_code == DONE:
            self._limits.succeeded(request)
        return answer

    async def _answer(self, place: Place, request: Request) -> Response:
        asked, path = await read_fields(request, self._templates.languages), request.path_params
        try:
            if request.method == "POST" and place.act:
                return await self._act(place, place.act, asked, path)
            return await self._show(place.show, asked, path)
        except tuple(STATUS) as error:
            status = STATUS[type(error)]
            show = place.instead.get(type(error))
            if show is None:
                return self._problems.page(request, status)
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
        return RedirectResponse(local, DONE, NO_STORE)

    async def _show(
        self, show: Show, asked: Asked, path: Mapping[str, Any], status: int = 200
    ) -> Response:
        page = await self._store.read(show, asked, **path)
        if asked["zones"] and "zone" in page.facts:
            page = choice_of_zone(asked, page)
        html = self._templates.page(
            page.template,
            page.language,
            **page.facts,
            languages=self._choices(asked),
            choosing_zone=asked.choosing_zone(),
        )
        return HTMLResponse(html, status, NO_STORE)

    def _choices(self, asked: Asked) -> Sequence[tuple[str, str, str]]:
        """The languages to choose from: tag, name, and the URL of this page in it."""
        tags = self._templates.languages.tags
        return [(tag, own_name(tag), asked.again(tag)) for tag in tags]
