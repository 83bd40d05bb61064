"""One connection of a browser, within limits that uvicorn does not set."""

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_EMPTY = ((b"cache-control", b"no-store"), (b"connection", b"close"), (b"content-length", b"0"))


class Connection(H11Protocol):
    """HTTP/1.1 with a deadline for each request, a number of connections, and our headers on every answer."""

    most: ClassVar = 500
    """Connections at once, so that a flood leaves descriptors for the database and for mail.

    Where one more comes, the one that has kept us waiting longest goes.
    """

    patience: ClassVar = 30.0
    """Seconds, from the first wait for a request to the end of its answer."""

    _ends = 0.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wind_up()
        if len(self.connections) > self.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._wind_up()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        fields = [*self.config.encoded_headers, *_EMPTY]
        for event in (h11.Response(status_code=400, headers=fields), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _make_room(self) -> None:
        # A visitor has asked and is answered before others who say nothing have filled all places anew.
        waiting = (one for one in self.connections if isinstance(one, Connection))
        oldest = min(waiting, key=lambda one: one._ends)
        # Here, not when the abort is through: more may come before.
        self.connections.discard(oldest)
        oldest.transport.abort()

    def _wind_up(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._ends = self.loop.time() + self.patience
        self._deadline = self.loop.call_at(self._ends, self.transport.abort)
