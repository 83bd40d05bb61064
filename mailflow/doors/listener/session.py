"""What one client asks for, and what it gets.

aiosmtpd's commands are taken as they are where a stranger can make nothing costly or wrong of them;
the grammar of MAIL and RCPT, DATA and its limits are done here. SMTPUTF8 and AUTH are not offered.
"""

import asyncio
import math
import re
from tempfile import SpooledTemporaryFile

from aiosmtpd.smtp import Envelope as Transaction

from mailflow.doors.listener.commands import parse_path, refuse_mail_parameters
from mailflow.doors.listener.connection import NOT_OFFERED, Connection, report
from mailflow.doors.listener.data import IN_MEMORY, DataStream
from mailflow.doors.listener.gate import Address
from mailflow.doors.listener.terms import Terms
from mailflow.mail.envelope import Envelope, Recipient, is_mailbox
from mailflow.mail.spooled import Content

_ALL_THERE_IS = 1024 * 1024  # more than a buffer can hold, so that a read empties it
_PAST_THE_LIMIT = 256 * 1024  # bytes that are heard out, so that a client gets to read the refusal
_NAME = re.compile(r"[ -~]{1,255}")

_TAKEN = "250 2.0.0 taken"
_SLOW = "451 4.4.2 that took too long"
_FULL = "452 4.3.1 no room for more mail, try again later"  # RFC 3463 section 3.4
_GOING_DOWN = "421 4.3.2 going down, try again later"
_SYNTAX = "501 5.5.4 syntax"
_ORDER = "503 5.5.1 not now"
_ANSWERS = {
    Recipient.OURS: "250 2.1.5 recipient taken",
    Recipient.UNKNOWN: "550 5.1.1 no such address here",
    Recipient.FOREIGN: "550 5.7.1 we are no relay",
}


class Session(Connection):
    """The commands of SMTP (RFC 5321)."""

    def __init__(self, terms: Terms, peer: Address) -> None:
        super().__init__(terms)
        self._peer = peer
        self._peer_name = str(peer)
        self._within_data = False
        self._is_retired = False

    def retire(self) -> None:
        """Ends the session: at once, or after the answer to the message that is being sent."""
        self._is_retired = True
        if not self._within_data:
            self.dismiss(_GOING_DOWN)

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
        certificate = self._terms.certificate
        if certificate is None or self._tls_protocol is not None:
            await self.push(_ORDER if certificate else NOT_OFFERED)
            return
        self.tls_context = certificate.context()
        await super().smtp_STARTTLS(arg or "")

    def _may_start_tls(self) -> bool:
        return self._terms.certificate is not None and self._tls_protocol is None

    # The envelope

    async def smtp_MAIL(self, arg: str | None) -> None:
        await self.push(self._begin(arg))

    async def smtp_RCPT(self, arg: str | None) -> None:
        answer = self._add_recipient(arg)
        await self.push(answer)
        if answer == _ANSWERS[Recipient.UNKNOWN] and self._terms.gate.guessed(self._peer):
            self.dismiss("421 4.7.0 too many unknown recipients")

    def _begin(self, argument: str | None) -> str:
        if self.session.host_name is None or self.envelope.mail_from is not None:
            return _ORDER
        parsed = parse_path("FROM", argument)
        if parsed is None:
            return _SYNTAX
        if not self._terms.has_room():
            return _FULL
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
        with SpooledTemporaryFile(IN_MEMORY, dir=self._terms.folder) as kept:
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
        except TimeoutError:
            return _SLOW
        except ConnectionError:
            raise
        except OSError as error:  # the disk
            return report(error)
        return data.refusal or await self._hand_over(data)

    async def _read(self, data: DataStream) -> None:
        counted = 0
        while not data.ended and data.size <= self._terms.max_message_size + _PAST_THE_LIMIT:
            block = await self._reader.read(_ALL_THERE_IS)
            if not block:
                raise ConnectionResetError
            if data.size > IN_MEMORY and not self._terms.has_room():
                data.refuse(_FULL)
            rest = data.feed(block)
            if rest:
                self._reader.feed_data(rest)
            if data.size >= counted + self._terms.limits.progress:
                counted = data.size
                self.heard = self.loop.time()

    async def _hand_over(self, data: DataStream) -> str:
        self.heard = math.inf  # it is for us now to answer
        try:
            await self._terms.take(self._fill_envelope(data.content()))
        except Exception as error:
            return report(error)
        finally:
            self.heard = self.loop.time()
        self._commands = 0
        return _TAKEN

    def _fill_envelope(self, raw: Content) -> Envelope:
        return Envelope(
            sender=self.envelope.mail_from or "",
            recipients=tuple(dict.fromkeys(self.envelope.rcpt_tos)),
            peer=self._peer_name,
            helo=self.session.host_name or "",
            raw=raw,
        )

    async def _answer_data(self, status: str) -> None:
        await self.push(status)

    # What is told to nobody

    async def smtp_VRFY(self, arg: str | None) -> None:
        # No code may look as if the address had been looked up (RFC 5321 section 7.3).
        await self.push("252 2.0.0 send mail, and see" if arg else _SYNTAX)

    async def _refuse(self, arg: str | None) -> None:
        await self.push(NOT_OFFERED)

    async def _drop(self, arg: str | None) -> None:
        """HTTP: a web page that makes a browser speak to us."""
        self.abort()

    smtp_AUTH = smtp_EXPN = smtp_HELP = _refuse
    smtp_GET = smtp_POST = smtp_PUT = _drop


class LmtpSession(Session):
    """The same over LMTP (RFC 2033): another greeting, and one answer for each recipient."""

    async def smtp_LHLO(self, arg: str | None) -> None:
        await super().smtp_EHLO(arg)

    smtp_HELO = smtp_EHLO = Session._refuse

    async def _answer_data(self, status: str) -> None:
        await self.push("\r\n".join([status] * len(self.envelope.rcpt_tos)))
