"""The fields of a request: its query and its form."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request

from mailflow.appointments.pages import Asked
from mailflow.errors import InvalidForm
from mailflow.languages import Languages
from mailflow.phrases import said

MAX_BODY = 16 * 1024
"""Bytes: a form of ours has a few lines of text. Whoever sends more is cut off."""

MAX_FIELDS = 20

MAX_FIELD = 4 * 1024
"""Bytes of one field."""


async def read_fields(request: Request, languages: Languages) -> Asked:
    """What was asked for, the form's fields before the query's. HTTPException: it is too much."""
    query = _fields(request.scope["query_string"])
    form = _fields(await _body(request)) if request.method == "POST" else {}
    fields = {**query, **form}
    chosen = fields.get("language")
    return Asked(
        fields,
        language=chosen if chosen in languages.tags else None,
        accepted=_accepted(request, languages),
    )


def read_language(request: HTTPConnection, languages: Languages) -> str | None:
    """The language of ours that the query names, or that the browser likes best."""
    chosen = request.query_params.get("language")
    return chosen if chosen in languages.tags else _accepted(request, languages)


def _accepted(request: HTTPConnection, languages: Languages) -> str | None:
    return languages.best(request.headers.get("accept-language", ""))


def check_lengths(asked: Asked) -> None:
    """Raises `InvalidForm` for fields that are too long."""
    long = [name for name, value in asked.fields.items() if len(value.encode()) > MAX_FIELD]
    if long:
        raise InvalidForm(dict.fromkeys(long, said("This is too long. Please shorten it.")))


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > MAX_BODY:
                raise HTTPException(413, headers={"Connection": "close"})
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return bytes(body)


def _fields(encoded: bytes) -> dict[str, str]:
    """Fields by name, the last of each name; empty ones are left out."""
    try:
        return dict(parse_qsl(encoded.decode("utf-8", "replace"), max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise HTTPException(400) from error
