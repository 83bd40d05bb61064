"""The open ports: the pages, and what the operator's own machines ask."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from mailflow.config import Endpoint
from mailflow.doors.calendars import Calendars
from mailflow.doors.web.connection import Connection
from mailflow.doors.web.guard import Guard, security_headers
from mailflow.doors.web.health import build_health
from mailflow.doors.web.problems import NO_STORE, Problems
from mailflow.doors.web.site import build_site
from mailflow.store import Store

MAX_HEAD = 16 * 1024
"""Bytes of a request's line and headers."""

KEEP_ALIVE = 5
"""Seconds that a connection may wait for another request."""

GRACE = 5
"""Seconds that requests under way have to finish when we stop."""


class Web:
    """Serves the pages of a store, and its health on an address of its own where one is named."""

    def __init__(self, store: Store, calendars: Calendars) -> None:
        config = store.house.config
        public_url = config.mailflow.public_url
        site = Guard(
            build_site(store, calendars),
            public_url=public_url,
            listen=config.web.listen,
            refused=Problems(store.house).page,
        )
        headers = security_headers(public_url)
        proxies = [str(network) for network in config.web.trusted_proxies]
        self._site = Port(site, config.web.listen, headers, proxies)
        self._ports = [self._site]
        if config.web.internal_listen is not None:
            internal = Port(
                build_health(store), config.web.internal_listen, {**headers, **NO_STORE}
            )
            self._ports.append(internal)

    async def start(self) -> tuple[str, int]:
        """Opens the ports; the host and port that the pages really have. Raises OSError if it cannot."""
        for port in self._ports:
            port.open()
        return self._site.address

    async def stop(self) -> None:
        """Closes the ports, after the requests under way."""
        await asyncio.gather(*(port.close() for port in self._ports))


class Port:
    """One port, and what answers there."""

    def __init__(
        self,
        app: ASGIApp,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        proxies: list[str] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._server = _Server(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,  # paths have tokens in them
                server_header=False,
                headers=list(headers.items()),
                forwarded_allow_ips=proxies or [],
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=GRACE,
                h11_max_incomplete_event_size=MAX_HEAD,
            )
        )
        self._socket: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where the open port really is."""
        if self._socket is None:
            raise RuntimeError("the port is not open")
        host, port = self._socket.getsockname()[:2]
        return host, port

    def open(self) -> None:
        """Opens the port; who comes before the server runs is kept waiting by the kernel."""
        family = socket.AF_INET6 if ":" in self._endpoint.host else socket.AF_INET
        address = self._endpoint.host, self._endpoint.port
        self._socket = socket.create_server(address, family=family)
        # Connections inherit it; without it an answer waits 40 ms for the browser's acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._serving = asyncio.create_task(self._server.serve([self._socket]))

    async def close(self) -> None:
        """Closes the port, once the requests under way are answered."""
        if self._serving is not None:
            self._server.should_exit = True
            await self._serving


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are for the whole process, not for one of its doors."""
        yield
