"""One HTTP request to a calendar's server, and its answer: bounded in time, size and destination.

The name is looked up once, and what is connected to is the address that was looked at. That is
why no HTTP library is used here: they look up the name themselves.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import h11

from mailflow.appointments.itip import MAX_CALENDAR
from mailflow.doors.calendars.reachable import is_literal, is_of_a_house, is_public
from mailflow.errors import UnreadableCalendar

PATIENCE = 10.0
"""Seconds for a request, redirects and all."""

CONNECTING = 3.0
"""Seconds for one address of several."""

MOST_REDIRECTS = 3
MAX_HEAD = 32 * 1024  # bytes of an answer's headers
CHUNK = 64 * 1024

AS_WRITTEN = "%/?:@!$&'()*+,;=~[]"  # RFC 3986: all else in an URL is encoded

PORTS = {"http": 80, "https": 443}
REDIRECTS = {301, 302, 307, 308}
CHANGING = {"PUT", "DELETE"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def look_up(host: str, port: int) -> Sequence[str]:
    """The IP addresses of a host, as this machine finds them. OSError: there are none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class Server:
    """The server of one calendar, as the configuration names it.

    `credentials` is an Authorization header's value, and goes to that server alone.
    """

    url: str
    credentials: str = ""
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    look_up: Callable[[str, int], Awaitable[Sequence[str]]] = look_up

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """The answer to a request, after redirects. Raises `UnreadableCalendar`."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._follow(method, url, headers, body)
        except TimeoutError as error:
            raise UnreadableCalendar("it takes too long to answer") from error
        except (OSError, EOFError, h11.ProtocolError, ValueError) as error:
            raise UnreadableCalendar(f"it cannot be reached: {error}") from error

    async def _follow(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        for _ in range(1 + MOST_REDIRECTS):
            answer = await self._once(method, urlsplit(url), headers, body)
            if answer.status not in REDIRECTS or method in CHANGING:
                return answer
            url = urljoin(url, answer.headers.get("location", ""))
        raise UnreadableCalendar("it redirects too often")

    async def _once(
        self, method: str, url: SplitResult, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        reader, writer = await self._connect(url)
        try:
            fields = {**headers, **self._authorization(url)}
            writer.write(_request(connection, method, url, fields, body))
            return await _answer(connection, reader)
        finally:
            writer.transport.abort()

    def _authorization(self, url: SplitResult) -> dict[str, str]:
        ours = self.credentials and _origin(url) == _origin(urlsplit(self.url))
        return {"authorization": self.credentials} if ours else {}

    async def _connect(self, url: SplitResult) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        scheme, host, port = _origin(url)
        if scheme not in PORTS or not host:
            raise UnreadableCalendar("it redirects to what is no page")
        trouble: Exception = OSError("its name is not known")
        for address in dict.fromkeys(await self.look_up(host, port)):
            try:
                self._check(url, address)
                async with asyncio.timeout(CONNECTING):
                    return await asyncio.open_connection(
                        address,
                        port,
                        ssl=self.tls if scheme == "https" else None,
                        server_hostname=host if scheme == "https" else None,
                    )
            except (OSError, UnreadableCalendar) as error:
                trouble = error
        raise trouble

    def _check(self, url: SplitResult, address: str) -> None:
        """Raises `UnreadableCalendar` for an address that this URL must not lead to."""
        _, host, port = _origin(url)
        named = (host, port) == _origin(urlsplit(self.url))[1:]
        if is_public(address):
            if url.scheme != "https":
                raise UnreadableCalendar("on the internet it must be https")
        elif not (named and (is_literal(host) or is_of_a_house(address))):
            raise UnreadableCalendar("it leads into a private network")


def _origin(url: SplitResult) -> tuple[str, str, int]:
    return url.scheme, url.hostname or "", url.port or PORTS.get(url.scheme, 0)


def _request(
    connection: h11.Connection,
    method: str,
    url: SplitResult,
    headers: Mapping[str, str],
    body: bytes,
) -> bytes:
    _, host, port = _origin(url)
    name = f"[{host}]" if ":" in host else host.encode("idna").decode()
    fields = {
        "host": name if port == PORTS[url.scheme] else f"{name}:{port}",
        "user-agent": "mailflow",
        "accept-encoding": "identity",
        "connection": "close",
        "content-length": str(len(body)),
        **headers,
    }
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    head = h11.Request(
        method=method,
        target=quote(target, safe=AS_WRITTEN),
        headers=[(key.encode(), value.encode("latin-1")) for key, value in fields.items()],
    )
    parts = [connection.send(one) for one in (head, h11.Data(body), h11.EndOfMessage())]
    return b"".join(part for part in parts if part)


async def _answer(connection: h11.Connection, reader: asyncio.StreamReader) -> Answer:
    status, headers, body = 0, dict[str, str](), bytearray()
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Response):
            status = event.status_code
            headers = {key.decode(): value.decode("latin-1") for key, value in event.headers}
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_CALENDAR:
                raise UnreadableCalendar(f"it has more than {MAX_CALENDAR} bytes")
    if headers.get("content-encoding", "identity") != "identity":
        raise UnreadableCalendar("it comes in an encoding that was not asked for")
    return Answer(status, headers, bytes(body))
