"""One connection of a browser, within limits that uvicorn does not set."""

import asyncio
from typing import Any, ClassVar

import h11
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_LOOKS = ("GET", "HEAD")
"""Methods that change nothing: what they asked for is dropped with their connection."""

_EMPTY = ((b"cache-control", b"no-store"), (b"connection", b"close"), (b"content-length", b"0"))


class Connection(H11Protocol):
    """HTTP/1.1 with a deadline for each request, a number of connections, and our headers on every answer."""

    most: ClassVar = 500
    """Connections at once, so that a flood leaves descriptors for the database and for mail.

    Where one more comes, the one that has kept us waiting longest goes; whoever waits for us stays.
    """

    patience: ClassVar = 30.0
    """Seconds, from the first wait for a request to the end of its answer."""

    _ends = 0.0
    _deadline: asyncio.TimerHandle | None = None
    _look: asyncio.Task[None] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._site = self.app
        self.app = self._answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wind_up()
        if len(self.connections) > self.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)
        if self._look is not None:
            self._look.cancel()

    def on_response_complete(self) -> None:
        if self.conn.trailing_data[0]:
            # No browser sends requests ahead of answers (RFC 9112, section 9.3.2, lets us close).
            self.transport.close()
        self._wind_up()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        fields = [*self.config.encoded_headers, *_EMPTY]
        for event in (h11.Response(status_code=400, headers=fields), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Has the site answer, as long as there is somebody to hear a page.

        Without that a crowd that asks and is gone would keep the visitor after it waiting for pages that nobody gets.
        """
        self._look = asyncio.current_task() if scope["method"] in _LOOKS else None
        try:
            await self._site(scope, receive, send)
        except asyncio.CancelledError:
            if not self.cycle.disconnected:
                raise
        finally:
            self._look = None

    def _make_room(self) -> None:
        # Where all wait for us it is the newcomer: were it the oldest of them, each would go before its answer.
        waiting = (one for one in self.connections if isinstance(one, Connection))
        oldest = min(waiting, key=lambda one: (one._is_owed_an_answer(), one._ends))
        # Here, not when the abort is through: more may come before.
        self.connections.discard(oldest)
        oldest.transport.abort()

    def _is_owed_an_answer(self) -> bool:
        cycle = self.cycle
        return cycle is not None and not cycle.more_body and not cycle.response_complete

    def _wind_up(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._ends = self.loop.time() + self.patience
        self._deadline = self.loop.call_at(self._ends, self.transport.abort)
