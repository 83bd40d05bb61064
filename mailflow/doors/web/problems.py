"""The pages for requests that come to nothing, in the language of the browser."""

import math
from collections.abc import Mapping
from datetime import timedelta

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from mailflow.doors.web.fields import read_language
from mailflow.phrases import said
from mailflow.store.unit import House

NO_STORE = {"Cache-Control": "no-store"}

NOT_FOUND = 404

PROBLEMS = {
    400: (
        said("We cannot read this"),
        said("Your browser sent something that we do not understand."),
    ),
    403: (said("This came from another site"), said("Please open the link in your mail again.")),
    405: (said("This cannot be done here"), said("Please open the link in your mail again.")),
    409: (
        said("It is too late to change this here"),
        said("Please answer the mail about this appointment, and say what you would like."),
    ),
    413: (said("This is too much"), said("Please send less.")),
    500: (
        said("Something went wrong"),
        said("The fault is ours. Please try again in a few minutes."),
    ),
    503: (
        said("Please try again in a moment"),
        said("The fault is ours. What was done already will not be done twice."),
    ),
}
"""Heading and text of the page for a status."""


class Problems:
    """Tells visitors what stands against their requests."""

    def __init__(self, house: House) -> None:
        self._templates = house.templates
        self._own_language = house.config.hosts[0].language

    def page(
        self, request: HTTPConnection, status: int, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The page for a request that comes to nothing."""
        heading, text = PROBLEMS.get(status, PROBLEMS[400])
        language = self._language(request)
        html = (
            self._templates.page("not_found", language)
            if status == NOT_FOUND
            else self._templates.page(
                "problem", language, heading=heading, text=text, status=status
            )
        )
        return HTMLResponse(html, status, {**(headers or {}), **NO_STORE})

    def wait(self, request: HTTPConnection, wait: timedelta) -> Response:
        """The page for who has to wait."""
        minutes = timedelta(minutes=math.ceil(wait / timedelta(minutes=1)))
        headers = {**NO_STORE, "Retry-After": str(math.ceil(wait.total_seconds()))}
        html = self._templates.page("too_many", self._language(request), wait=minutes)
        return HTMLResponse(html, 429, headers)

    def _language(self, request: HTTPConnection) -> str:
        return read_language(request, self._templates.languages) or self._own_language
