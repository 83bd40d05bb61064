"""One client's connection, over aiosmtpd's protocol: lines in, replies out, how it begins and ends.

aiosmtpd keeps the transport and does STARTTLS. The loop that reads commands is our own: it counts
every mistake, bounds every line, and tells a stranger nothing of what failed here.
"""

import asyncio
import logging
import math
from collections import defaultdict

from aiosmtpd.smtp import SMTP, TLSSetupException
from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session as Greeting

from mailflow.doors.listener.terms import Terms
from mailflow.journal import log

# aiosmtpd writes every command with its addresses there, and every line of a message.
logging.getLogger("mail.log").addFilter(lambda record: False)

_COMMAND_LENGTH = 1024  # bytes: two times the longest path, and parameters
_BUFFER = 64 * 1024  # bytes that wait to be read, until the client has to
_IN_A_ROW = 16  # commands
_FAREWELL = 2.0  # seconds in which a client may take its last reply
_TLS_RECORD = b"\x16"  # how a TLS handshake begins, and no command does

FAILED = "451 4.3.0 something failed here, try again later"
NOT_OFFERED = "502 5.5.1 not offered"


class Connection(SMTP):
    """What holds whatever the client says. `closed` is done when the connection is gone.

    `heard` is when the client last got on with something, by the loop's clock; infinite while the next
    word is ours, and once no more is heard.
    """

    session: Greeting
    envelope: Transaction
    transport: asyncio.Transport | None
    _original_transport: asyncio.Transport | None
    _handler_coroutine: asyncio.Task[None]
    line_length_limit = _BUFFER

    def __init__(self, terms: Terms) -> None:
        # aiosmtpd's belongs to the class: each connection would change the limits of all others.
        self.command_size_limits = defaultdict(int)
        loop = asyncio.get_running_loop()
        super().__init__(None, hostname=terms.hostname, loop=loop)
        self.closed: asyncio.Future[None] = loop.create_future()
        self._begun = loop.time()
        # Who has not said a word yet may be sent away at once: a burst of strangers must not fill the house.
        self.heard = self._begun - terms.limits.yields
        self._terms = terms
        self._errors = 0
        self._commands = 0

    # How it begins and ends

    def data_received(self, data: bytes) -> None:
        if self.session.host_name is None and data.startswith(_TLS_RECORD):
            self.abort()  # a client that was told the wrong port
        else:
            super().data_received(data)

    def eof_received(self) -> bool:
        """What came before the end is heard and answered yet, unless TLS ends with it."""
        self._reader.feed_eof()
        return self.session.ssl is None

    def connection_lost(self, error: Exception | None) -> None:
        if self.closed.done():
            return
        super().connection_lost(error)
        self.closed.set_result(None)

    def abort(self) -> None:
        """Ends the connection at once. (`close` would wait for a client that never reads.)"""
        transport = self._original_transport or self.transport  # the one below TLS, if there is
        if transport is not None:
            transport.abort()

    def dismiss(self, farewell: str) -> None:
        """Says a last reply and ends the connection; no command is heard any more."""
        if self.heard < math.inf and not self._handler_coroutine.done():
            if not self._is_shaking_hands():  # the client waits for TLS, and for nothing else
                self._writer.write(farewell.encode() + b"\r\n")
            self._hang_up()

    def _hang_up(self) -> None:
        self.heard = math.inf
        self._handler_coroutine.cancel()
        if self.transport is not None:
            self.transport.close()
            self.loop.call_later(_FAREWELL, self.abort)

    def _is_shaking_hands(self) -> bool:
        return self._tls_protocol is not None and self.session.ssl is None

    def _reset_timeout(self, duration: float | None = None) -> None:
        """aiosmtpd calls this when a connection begins, and once more within TLS."""
        if self._timeout_handle is None:
            self._watch()

    def _watch(self) -> None:
        """Ends the connection once its client has not been heard for too long, or has stayed too long."""
        limits = self._terms.limits
        due = min(max(self.heard, self._begun) + limits.idle, self._begun + limits.session)
        if due <= self.loop.time():
            self.abort()
        else:
            self._timeout_handle = self.loop.call_at(due, self._watch)

    # What is said

    async def _handle_client(self) -> None:
        """Obeys one command after the other until the client goes."""
        try:
            await self.push(f"220 {self.hostname} {self._terms.greeting}")
            while self.heard < math.inf:
                await self._obey(await self._next_line())
                if (
                    self._commands % _IN_A_ROW == 0
                ):  # many may wait in the buffer: others have their turn
                    await asyncio.sleep(0)
        except (ConnectionError, asyncio.IncompleteReadError, TLSSetupException):
            pass
        finally:
            self._writer.close()
            if self._is_shaking_hands():
                self.connection_lost(None)  # nobody is told of a TLS handshake that failed

    async def _next_line(self) -> bytes:
        """The next line; of one that does not fit into the buffer, its beginning."""
        beginning = b""
        while True:
            try:
                line = await self._reader.readuntil()
            except asyncio.LimitOverrunError as error:
                beginning = (await self._reader.readexactly(error.consumed))[:_BUFFER]
            else:
                return beginning or line

    async def _obey(self, line: bytes) -> None:
        if len(line) > _COMMAND_LENGTH or not line.isascii():
            await self.push("500 5.5.6 line too long or not in ASCII")
            return
        verb, _, argument = line.decode().rstrip("\r\n").partition(" ")
        command = self._smtp_methods.get(verb.upper())
        if command is None:
            await self.push("500 5.5.2 command not known")
            return
        self.heard = self.loop.time()
        self._commands += 1
        if self._commands > self._terms.limits.commands:
            self.dismiss("421 4.7.0 too many commands")
            return
        try:
            await command(argument.strip() or None)
        except (ConnectionError, TLSSetupException):
            raise
        except Exception as error:
            await self.push(report(error))

    async def push(self, status: str) -> None:  # type: ignore[override]  # never bytes here
        """Sends a reply, and waits until there is room for another."""
        self._writer.write(status.encode() + b"\r\n")
        if status.startswith("5"):
            self._errors += 1
            if self._errors == self._terms.limits.errors:
                self.dismiss("421 4.7.0 too many errors")
        await self._writer.drain()


def report(error: Exception) -> str:
    """The reply tells nothing of the error: it may hold somebody's address."""
    log.error("command.failed", error=error)
    return FAILED
