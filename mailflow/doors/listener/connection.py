"""One client's connection, over aiosmtpd's protocol: lines in, replies out, how it begins and ends.

aiosmtpd keeps the transport and does STARTTLS. What the client sends is heard by functions of our own, as it comes:
they count every mistake, bound every line, and tell a stranger nothing of what failed here. Until what takes its
time is done, and until its replies are read, the client has to wait.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from aiosmtpd.smtp import SMTP, TLSSetupException
from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session as Greeting

from mailflow.doors.listener.terms import Terms
from mailflow.journal import log

# aiosmtpd writes every command with its addresses there, and every line of a message.
logging.getLogger("mail.log").addFilter(lambda record: False)

_COMMAND_LENGTH = 1024  # bytes with the line end: two times the longest path, and parameters
_IN_A_ROW = 16  # commands
_A_TURN = 128 * 1024  # bytes that come at once: where so many do, there are more
_FAREWELL = 2.0  # seconds in which a client may take its last reply
_TLS_RECORD = b"\x16"  # how a TLS handshake begins, and no command does

FAILED = "451 4.3.0 something failed here, try again later"
NOT_OFFERED = "502 5.5.1 not offered"

Command = Callable[[Any, str | None], str | None]
"""What a session does at a verb: it gets the argument, if there is one, and returns the reply, if there is one yet."""


class Connection(SMTP):
    """What holds whatever the client says. `closed` is done when the connection is gone.

    `heard` is when the client last got on with something, by the loop's clock; infinite while the next
    word is ours, and once no more is heard.
    """

    commands: ClassVar[Mapping[str, Command]]
    session: Greeting
    envelope: Transaction
    transport: asyncio.Transport | None
    _original_transport: asyncio.Transport | None
    _handler_coroutine: asyncio.Future[Any]  # type: ignore[assignment]  # what the client has to wait for

    def __init__(self, terms: Terms) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(None, hostname=terms.hostname, loop=loop)
        self.closed: asyncio.Future[None] = loop.create_future()
        self._begun = loop.time()
        # Who has not said a word yet may be sent away at once: a burst of strangers must not fill the house.
        self.heard = self._begun - terms.limits.yields
        self._terms = terms
        self._errors = 0
        self._commands = 0
        self._came = b""  # and was not heard yet
        self._has_ended = False  # the client's side
        self._is_read = True  # what we said, or there is room for more
        self._hear: Callable[[], bool] = self._hear_line

    # How it begins and ends

    async def _handle_client(self) -> None:
        """Greets: aiosmtpd has every connection begin with this, and nothing is heard before."""
        self._say(f"220 {self.hostname} {self._terms.greeting}")
        self.loop.call_soon(self._go_on)

    def connection_lost(self, error: Exception | None) -> None:
        if self.closed.done():
            return
        self._writer.close()
        super().connection_lost(error)
        self.closed.set_result(None)

    def abort(self) -> None:
        """Ends the connection at once. (`close` would wait for a client that never reads.)"""
        transport = self._original_transport or self.transport  # the one below TLS, if there is
        if transport is not None:
            transport.abort()

    def dismiss(self, farewell: str) -> None:
        """Says a last reply and ends the connection; no command is heard any more."""
        if self.heard < math.inf and not self._writer.is_closing():
            if not self._is_shaking_hands():  # the client waits for TLS, and for nothing else
                self._writer.write(farewell.encode() + b"\r\n")
            self._hang_up()

    def _hang_up(self) -> None:
        self.heard = math.inf
        self._writer.close()
        self.loop.call_later(_FAREWELL, self.abort)

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

    # TLS

    async def _start_tls(self) -> None:
        self._came = b""  # who sent it ahead of TLS may be anybody
        if self.transport is not None:
            self.transport.resume_reading()
        try:
            await self.smtp_STARTTLS("")
        except TLSSetupException:
            pass
        finally:
            if self._is_shaking_hands():
                self.connection_lost(None)  # nobody is told of a TLS handshake that failed

    async def push(self, status: str) -> None:  # type: ignore[override]  # never bytes here
        """aiosmtpd says so that the handshake may begin."""
        self._say(status)

    def _is_shaking_hands(self) -> bool:
        return self._tls_protocol is not None and self.session.ssl is None

    # When the client is heard, and when it has to wait

    def data_received(self, data: bytes) -> None:
        self._came += data
        if len(data) < _A_TURN or self.transport is None:
            self._go_on()
        else:
            # Else libuv would read on, up to 32 times, before it looks at anybody else.
            self.transport.pause_reading()
            self.loop.call_soon(self._go_on)

    def eof_received(self) -> bool:
        """What came before the end is heard and answered yet, unless TLS ends with it."""
        self._has_ended = True
        self._go_on()
        return self.session.ssl is None

    def pause_writing(self) -> None:
        self._is_read = False

    def resume_writing(self) -> None:
        self._is_read = True
        self._go_on()

    def _go_on(self) -> None:
        """Hears what has come, but not too much at a time: others have their turn. Until then no more may come."""
        if self.transport is None:
            return
        for _ in range(_IN_A_ROW):
            if self._must_wait():
                break
            if not self._hear():
                if self._has_ended:
                    self._writer.close()
                else:
                    self.transport.resume_reading()
                return
        else:
            self.loop.call_soon(self._go_on)
        if self._came:
            self.transport.pause_reading()

    def _must_wait(self) -> bool:
        is_busy = self.heard == math.inf or not self._handler_coroutine.done()
        return is_busy or not self._is_read or self._writer.is_closing()

    def _wait_for(self, work: Awaitable[object], then: Callable[[Any], None]) -> None:
        self._handler_coroutine = asyncio.ensure_future(work)
        self._handler_coroutine.add_done_callback(then)

    # What is said

    def _hear_line(self) -> bool:
        """Obeys the next command; False if its end has not come."""
        if self.session.host_name is None and self._came.startswith(_TLS_RECORD):
            self.abort()  # a client that was told the wrong port
            return False
        line, end, rest = self._came.partition(b"\n")
        if not end:
            self._came = line[:_COMMAND_LENGTH]  # so much of it is too long already
            return False
        self._came = rest
        self._obey(line)
        return True

    def _obey(self, line: bytes) -> None:
        if len(line) >= _COMMAND_LENGTH or not line.isascii():
            self._say("500 5.5.6 line too long or not in ASCII")
            return
        verb, _, argument = line.decode().rstrip("\r").partition(" ")
        command = self.commands.get(verb.upper())
        if command is None:
            self._say("500 5.5.2 command not known")
            return
        self.heard = self.loop.time()
        self._commands += 1
        if self._commands > self._terms.limits.commands:
            self.dismiss("421 4.7.0 too many commands")
            return
        try:
            reply = command(self, argument.strip() or None)
        except Exception as error:
            reply = report(error)
        if reply is not None:
            self._say(reply)

    def _say(self, reply: str) -> None:
        self._writer.write(reply.encode() + b"\r\n")
        if reply.startswith("5"):
            self._errors += 1
            if self._errors == self._terms.limits.errors:
                self.dismiss("421 4.7.0 too many errors")


def report(error: BaseException) -> str:
    """The reply tells nothing of the error: it may hold somebody's address."""
    log.error("command.failed", error=error)
    return FAILED
