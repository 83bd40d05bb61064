"""The conversation with one client, over aiosmtpd's protocol.

aiosmtpd reads the command lines and does STARTTLS. What a stranger can make costly or wrong there
is done here instead: the grammar of MAIL and RCPT, DATA, the limits, and what is said when
something fails. SMTPUTF8, AUTH and VRFY are not offered.
"""

import asyncio
import logging
import re
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from aiosmtpd.smtp import SMTP, TLSSetupException
from aiosmtpd.smtp import Envelope as Transaction
from aiosmtpd.smtp import Session as Greeting

from mailflow.doors.listener.commands import parse_path, refuse_mail_parameters
from mailflow.doors.listener.data import DataStream
from mailflow.doors.listener.gate import Address
from mailflow.doors.listener.limits import Limits
from mailflow.journal import log
from mailflow.mail.envelope import Envelope, Recipient, is_mailbox

# aiosmtpd writes every command with its addresses there, and every line of a message.
logging.getLogger("mail.log").addFilter(lambda record: False)

_COMMAND_LENGTH = 1024  # bytes: two times the longest path, and parameters
_BUFFER = 64 * 1024  # bytes that wait to be read, until the client has to
_ALL_THERE_IS = 1024 * 1024  # more than that buffer can hold, so that a read empties it
_IN_MEMORY = 256 * 1024  # bytes of a message; the rest is on the disk: many clients may be slow
_PAST_THE_LIMIT = 256 * 1024  # bytes that are heard out, so that a client gets to read the refusal
_NAME = re.compile(r"[ -~]{1,255}")

_TAKEN = "250 2.0.0 taken"
_FAILED = "451 4.3.0 something failed here, try again later"
_SYNTAX = "501 5.5.4 syntax"
_ORDER = "503 5.5.1 not now"
_NOT_OFFERED = "502 5.5.1 not offered"
_ANSWERS = {
    Recipient.OURS: "250 2.1.5 recipient taken",
    Recipient.UNKNOWN: "550 5.1.1 no such address here",
    Recipient.FOREIGN: "550 5.7.1 we are no relay",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for the clients of one listener."""

    hostname: str
    max_message_size: int
    accepts: Callable[[str], Recipient]
    take: Callable[[Envelope], Awaitable[None]]
    tls: ssl.SSLContext | None
    limits: Limits


class Session(SMTP):
    """One client's connection. `closed` is done when the connection is gone."""

    session: Greeting
    envelope: Transaction
    transport: asyncio.Transport | None
    _original_transport: asyncio.Transport | None
    _handler_coroutine: asyncio.Task[None]
    line_length_limit = _BUFFER
    command_size_limit = _COMMAND_LENGTH

    def __init__(self, terms: Terms, peer: Address) -> None:
        # aiosmtpd's belongs to the class: each connection would change the limits of all others.
        self.command_size_limits = defaultdict(lambda: _COMMAND_LENGTH)
        loop = asyncio.get_running_loop()
        super().__init__(
            None,
            hostname=terms.hostname,
            ident="mailflow",
            tls_context=terms.tls,
            timeout=terms.limits.idle,
            loop=loop,
        )
        self.closed: asyncio.Future[None] = loop.create_future()
        self._terms = terms
        self._peer = peer
        self._errors = 0
        self._within_data = False
        self._is_retired = False
        self._deadline = loop.call_later(terms.limits.session, self.abort)

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._handler_coroutine.add_done_callback(_note_end)

    def connection_lost(self, error: Exception | None) -> None:
        if self.closed.done():  # aiosmtpd calls it once more when a TLS handshake fails
            return
        super().connection_lost(error)
        self._deadline.cancel()
        self.closed.set_result(None)

    def abort(self) -> None:
        """Ends the connection at once. (`close` would wait for a client that never reads.)"""
        transport = self._original_transport or self.transport  # the one below TLS, if there is
        if transport is not None:
            transport.abort()

    _timeout_cb = abort

    def retire(self) -> None:
        """Ends the session: at once, or after the answer to the message that is being sent."""
        self._is_retired = True
        if not self._within_data and not self._handler_coroutine.done():
            self._writer.write(b"421 4.3.2 going down, try again later\r\n")
            self._hang_up()

    def _hang_up(self) -> None:
        if self.transport is not None:
            self._handler_coroutine.cancel()
            self.transport.close()

    async def push(self, status: str) -> None:  # type: ignore[override]  # never bytes here
        await super().push(status)
        if status.startswith("5"):
            self._errors += 1
            if self._errors == self._terms.limits.errors:
                await super().push("421 4.7.0 too many errors")
                self._hang_up()

    async def handle_exception(self, error: Exception) -> str:
        return _FAILED if isinstance(error, TLSSetupException) else _report(error)

    # Greetings

    async def smtp_HELO(self, arg: str | None) -> None:
        if await self._greet(arg, extended=False):
            await self.push(f"250 {self.hostname}")

    async def smtp_EHLO(self, arg: str | None) -> None:
        if await self._greet(arg, extended=True):
            lines = [self.hostname, "PIPELINING", "8BITMIME"]
            if self._may_start_tls():
                lines.append("STARTTLS")
            size = f"250 SIZE {self._terms.max_message_size}"
            await self.push("\r\n".join([*(f"250-{line}" for line in lines), size]))

    async def _greet(self, name: str | None, *, extended: bool) -> bool:
        if name is None or not _NAME.fullmatch(name):
            await self.push(_SYNTAX)
            return False
        self.session.host_name = name
        self.session.extended_smtp = extended
        self.envelope = Transaction()
        return True

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        if self._may_start_tls():
            await super().smtp_STARTTLS(arg or "")
        else:
            await self.push(_ORDER if self.tls_context else _NOT_OFFERED)

    def _may_start_tls(self) -> bool:
        return self.tls_context is not None and self._tls_protocol is None

    # The envelope

    async def smtp_MAIL(self, arg: str | None) -> None:
        await self.push(self._begin(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:
        await self.push(self._add_recipient(arg))

    def _begin(self, argument: str | None) -> str:
        if self.session.host_name is None or self.envelope.mail_from is not None:
            return _ORDER
        parsed = parse_path("FROM", argument)
        if parsed is None:
            return _SYNTAX
        sender, parameters = parsed
        if sender and not is_mailbox(sender):
            return "553 5.1.7 no mailbox"
        refusal = refuse_mail_parameters(parameters, self._terms.max_message_size)
        if refusal is None:
            self.envelope.mail_from = sender
        return refusal or "250 2.1.0 sender taken"

    def _add_recipient(self, argument: str | None) -> str:
        if self.envelope.mail_from is None:
            return _ORDER
        if len(self.envelope.rcpt_tos) >= self._terms.limits.recipients:
            return "452 4.5.3 too many recipients"
        parsed = parse_path("TO", argument)
        if parsed is None:
            return _SYNTAX
        address, parameters = parsed
        if parameters:
            return "555 5.5.4 parameter not known"
        if address.lower() == "postmaster":  # without a domain: RFC 5321 section 4.5.1
            address = f"{address}@{self.hostname}"
        if not is_mailbox(address):
            return "550 5.1.3 no mailbox"
        answer = self._terms.accepts(address)
        if answer is Recipient.OURS:
            self.envelope.rcpt_tos.append(address)
        return _ANSWERS[answer]

    # The message

    async def smtp_DATA(self, arg: str | None) -> None:
        if arg or not self.envelope.rcpt_tos:
            await self.push(_SYNTAX if arg else _ORDER)
            return
        self._within_data = True
        await self.push("354 end with CRLF.CRLF")
        with SpooledTemporaryFile(_IN_MEMORY) as kept:
            data = DataStream(self._terms.max_message_size, kept)
            await self._answer_data(await self._receive(data))
        self._within_data = False
        self.envelope = Transaction()
        if not data.ended:  # what is still to come is no command
            self._hang_up()
        elif self._is_retired:
            self.retire()

    async def _receive(self, data: DataStream) -> str:
        """Reads the message and hands it over; the reply."""
        try:
            async with asyncio.timeout(self._terms.limits.data):
                await self._read(data)
            if data.refusal is None:
                await self._terms.take(self._fill_envelope(data.content()))
        except Exception as error:
            return _report(error)
        return data.refusal or _TAKEN

    async def _read(self, data: DataStream) -> None:
        while not data.ended and data.size <= self._terms.max_message_size + _PAST_THE_LIMIT:
            self._reset_timeout()
            block = await self._reader.read(_ALL_THERE_IS)
            if not block:
                raise ConnectionResetError
            rest = data.feed(block)
            if rest:
                self._reader.feed_data(rest)

    def _fill_envelope(self, raw: bytes) -> Envelope:
        return Envelope(
            sender=self.envelope.mail_from or "",
            recipients=tuple(dict.fromkeys(self.envelope.rcpt_tos)),
            peer=str(self._peer),
            helo=self.session.host_name or "",
            raw=raw,
        )

    async def _answer_data(self, status: str) -> None:
        await self.push(status)

    # What is not offered

    async def _refuse(self, arg: str | None) -> None:
        await self.push(_NOT_OFFERED)

    async def _drop(self, arg: str | None) -> None:
        """HTTP: a web page that makes a browser speak to us."""
        self._hang_up()

    smtp_AUTH = smtp_EXPN = smtp_HELP = smtp_VRFY = _refuse
    smtp_GET = smtp_POST = smtp_PUT = _drop


class LmtpSession(Session):
    """The same over LMTP (RFC 2033): another greeting, and one answer for each recipient."""

    async def smtp_LHLO(self, arg: str | None) -> None:
        await super().smtp_EHLO(arg)

    smtp_HELO = smtp_EHLO = Session._refuse

    async def _answer_data(self, status: str) -> None:
        await self.push("\r\n".join([status] * len(self.envelope.rcpt_tos)))


def _report(error: Exception) -> str:
    """The reply tells nothing of the error: it may hold somebody's address."""
    log.error("command.failed", error=error)
    return _FAILED


def _note_end(task: asyncio.Task[None]) -> None:
    """Takes the error of a connection that broke off, so that asyncio does not report it."""
    if not task.cancelled():
        task.exception()
