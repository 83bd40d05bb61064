"""The fields of a request: its query and its form."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from mailflow.appointments.pages import Asked
from mailflow.errors import InvalidForm

MAX_BODY = 16 * 1024
"""Bytes: a form of ours has a few lines of text. Whoever sends more is cut off."""

MAX_FIELDS = 20

MAX_FIELD = 4 * 1024
"""Bytes of one field."""


async def read_fields(request: Request) -> Asked:
    """What was asked for, the form's fields before the query's. HTTPException: it is too much."""
    query = _fields(request.scope["query_string"])
    form = _fields(await _body(request)) if request.method == "POST" else {}
    return Asked({**query, **form})


def check_lengths(asked: Asked) -> None:
    """Raises `InvalidForm` for fields that are too long."""
    long = [name for name, value in asked.fields.items() if len(value.encode()) > MAX_FIELD]
    if long:
        raise InvalidForm(dict.fromkeys(long, "This is too long. Please shorten it."))


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
