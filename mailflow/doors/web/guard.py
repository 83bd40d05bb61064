"""What stands before the site: the headers of every answer, and who is not let in."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mailflow.config import Endpoint
from mailflow.doors.web.fields import MAX_BODY

CLOSE = {"Connection": "close"}
"""What else such a client sends is not read."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def security_headers(public_url: str) -> Mapping[str, str]:
    """The headers of every answer, whatever it is."""
    headers = {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }
    if public_url.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


class Guard:
    """Lets a request through to `app`, or has it `refused` with a status.

    We are known by the public URL, and by the address that the request came to.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        public_url: str,
        listen: Endpoint,
        refused: Callable[[HTTPConnection, int, Mapping[str, str]], Response],
    ) -> None:
        self._app = app
        self._listen = listen
        self._refused = refused
        public = urlsplit(public_url)
        self._origin = _origin(public.scheme, public.netloc)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = self._objection(scope)
        app = self._refused(HTTPConnection(scope), status, CLOSE) if status else self._app
        await app(scope, receive, send)

    def _objection(self, scope: Scope) -> int | None:
        """The status that a request is refused with."""
        headers = Headers(scope=scope)
        own = self._own_origins(scope)
        host = headers.get("host", "").lower()
        if not own & {_origin("http", host), _origin("https", host)}:
            return 400
        if int(headers.get("content-length", 0)) > MAX_BODY:
            return 413
        if scope["method"] == "POST" and _is_cross_site(headers, own):
            return 403
        return None

    def _own_origins(self, scope: Scope) -> set[str]:
        address, port = scope["server"]
        here = {Endpoint(address, port), Endpoint(self._listen.host, port)}
        if ip_address(address).is_loopback:
            here.add(Endpoint("localhost", port))
        return {self._origin} | {_origin("http", str(one)) for one in here}


def _is_cross_site(headers: Headers, own: set[str]) -> bool:
    """Whether another site's page made a visitor's browser send this.

    Browsers name no origin on a form of a page whose referrer policy is ours: they send "null".
    """
    origin = headers.get("origin", "null")
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        return True
    return origin != "null" and origin.lower() not in own


def _origin(scheme: str, netloc: str) -> str:
    """An origin as browsers write it: without the port that goes without saying."""
    return f"{scheme}://{netloc}".lower().removesuffix(f":{_DEFAULT_PORTS.get(scheme, '')}")
