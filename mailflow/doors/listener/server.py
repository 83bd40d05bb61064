"""The open port: who may come in, and on what terms."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from operator import attrgetter
from typing import cast

from mailflow import config
from mailflow.doors.listener.certificate import Certificate
from mailflow.doors.listener.gate import Address, Gate, read_address
from mailflow.doors.listener.limits import STANDARD, Limits, within_descriptors
from mailflow.doors.listener.session import LmtpSession, Session
from mailflow.doors.listener.terms import Terms
from mailflow.mail.envelope import Envelope, Recipient

_BUSY = "421 4.7.0 too many connections, try again later"
_MADE_ROOM = "421 4.4.2 silent for too long while others wait"


class Listener:
    """Takes mail over SMTP or LMTP.

    `accepts` says what an address is to us. `take` returns when the mail is on the disk, and only
    then is it answered 250; whatever it raises is answered 451. No mail is begun without `has_room`,
    and no big one kept, which lies in a file without a name in `folder` until it was taken.
    `hostname` is the name in the greeting, and the domain of a bare `postmaster`.
    """

    def __init__(
        self,
        settings: config.Listener,
        *,
        hostname: str,
        accepts: Callable[[str], Recipient],
        take: Callable[[Envelope], Awaitable[object]],
        has_room: Callable[[], bool] = lambda: True,
        folder: str | None = None,
        limits: Limits = STANDARD,
    ) -> None:
        self._settings = settings
        self._limits = limits = within_descriptors(limits)
        self._clock = asyncio.get_running_loop().time
        self._gate = Gate(limits, settings.trusted_peers, self._clock)
        self._sessions: set[Session] = set()
        self._server: asyncio.Server | None = None
        self._terms = Terms(
            hostname=hostname,
            greeting="LMTP mailflow" if settings.protocol == "lmtp" else "ESMTP mailflow",
            max_message_size=settings.max_message_size,
            accepts=accepts,
            take=take,
            has_room=has_room,
            folder=folder,
            certificate=_certificate(settings),
            limits=limits,
            gate=self._gate,
        )

    async def start(self) -> tuple[str, int]:
        """Opens the port; the host and port that it really has. Raises OSError if it cannot."""
        host, port = self._settings.address.host, self._settings.address.port
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Doorman(self._admit), host, port, backlog=self._limits.waiting
        )
        name: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        return name

    async def stop(self) -> None:
        """Closes the port; ends all sessions, those within a message after a short grace."""
        if self._server is None:
            return
        self._server.close()
        for session in tuple(self._sessions):
            session.retire()
        if self._sessions:
            ends = [session.closed for session in self._sessions]
            await asyncio.wait(ends, timeout=self._limits.stop)
        for session in tuple(self._sessions):
            session.abort()
        await self._server.wait_closed()

    def _admit(self, peer: Address) -> Session | None:
        if not (self._has_room() and self._gate.admit(peer)):
            return None
        session = self._make_session(peer)
        self._sessions.add(session)
        session.closed.add_done_callback(lambda _: self._forget(session, peer))
        return session

    def _has_room(self) -> bool:
        """Whether there is room for one more, made if need be by whoever has been silent for longest."""
        if len(self._sessions) < self._limits.connections:
            return True
        idlest = min(self._sessions, key=attrgetter("heard"))
        if self._clock() - idlest.heard < self._limits.yields:
            return False
        idlest.dismiss(_MADE_ROOM)
        return True

    def _make_session(self, peer: Address) -> Session:
        is_lmtp = self._settings.protocol == "lmtp"
        terms = self._terms
        if self._settings.recipient_headers and (is_lmtp or peer.is_loopback):
            terms = replace(terms, accepts=_accept_any)
        return LmtpSession(terms, peer) if is_lmtp else Session(terms, peer)

    def _forget(self, session: Session, peer: Address) -> None:
        self._sessions.discard(session)
        self._gate.release(peer)


class _Doorman(asyncio.Protocol):
    """Hands a new connection to its session, or sends the client away before one is spent."""

    def __init__(self, admit: Callable[[Address], Session | None]) -> None:
        self._admit = admit

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        if name is None:  # gone already
            transport.abort()
            return
        session = self._admit(read_address(name[0]))
        if session is None:
            transport.write(_BUSY.encode() + b"\r\n")
            transport.close()
        else:
            transport.set_protocol(session)
            session.connection_made(transport)


def _accept_any(address: str) -> Recipient:
    """For an upstream that rewrites envelopes: whom the mail is for stands in its headers."""
    return Recipient.OURS


def _certificate(settings: config.Listener) -> Certificate | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    return Certificate(settings.tls_certificate, settings.tls_key)
