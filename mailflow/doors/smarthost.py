"""The conversation with the smarthost: one letter, one recipient, one outcome.

Whether a letter was taken is decided by the answer to the final dot. Trouble before the dot leaves
it surely not taken, since a server takes nothing that has no end (RFC 5321 section 4.1.1.4); trouble
between the dot and its answer leaves that unknown (RFC 1047).
"""

import asyncio
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from mailflow import config
from mailflow.doors.smtp_connection import Connection
from mailflow.errors import SmarthostAway
from mailflow.journal import log
from mailflow.mail.envelope import is_mailbox
from mailflow.mail.outgoing import Letter, Outcome, Result
from mailflow.mail.spooled import Content, Spooled, pieces
from mailflow.mail.wire.mime_encoding import has_bare_line_break
from mailflow.phrases import Said, Words, said

_DONE, _GO_ON, _LATER, _NEVER = 2, 3, 4, 5  # first digits (RFC 5321 section 4.2.1)
# Refusals of ours and not of the letter's: no TLS, no or wrong credentials (RFC 4954 section 6).
_NOT_THE_LETTERS_FAULT = {530, 534, 535, 538}
_GOING_AWAY = 421  # to whatever it is the answer (RFC 5321 section 3.8)
_TROUBLE = (SMTPException, OSError, ValueError)  # TimeoutError and ssl.SSLError are OSErrors

_NOT_PRINTABLE = re.compile(r"[^ -~]+")
_BLOCK = 128 * 1024  # bytes of a message: many may be on their way at a time
_DETAIL_LENGTH = 300  # characters: enough of an answer to see what is wrong


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for each step in all, so that a smarthost that sends byte after byte gets no more.

    An attempt takes no longer than one of each but the last.
    """

    waking: float = 10.0  # a connection that was kept
    connecting: float = 60.0  # with TLS and login
    envelope: float = 300.0  # MAIL, RCPT, DATA (RFC 5321 section 4.5.3.2)
    message: float = 600.0  # all of it but its last block
    answer: float = 600.0  # the last block, and the answer to its final dot
    quitting: float = 5.0


STANDARD = Patience()


@dataclass(frozen=True, slots=True)
class _Traits:
    """`is_canonical`: it has no NUL, and CRLF alone ends its lines, of which the last is whole."""

    has_seven_bits: bool
    is_canonical: bool


class Smarthost:
    """One connection: opened with the first letter, kept, and opened again after trouble."""

    def __init__(
        self, settings: config.Smarthost, *, hostname: str, patience: Patience = STANDARD
    ) -> None:
        self._settings = settings
        self._hostname = hostname
        self._patience = patience
        self._connection: Connection | None = None

    async def quit(self) -> None:
        """Takes leave, if there is a connection."""
        if self._connection is not None:
            self._connection.say(b"QUIT")
            with suppress(*_TROUBLE):
                async with asyncio.timeout(self._patience.quitting):
                    await self._connection.reply()
        self._drop()

    async def send(self, letter: Letter) -> Result:
        """Makes one attempt; trouble with this letter is a result. SmarthostAway: none would be taken."""
        is_big = isinstance(letter.message, Spooled)
        traits = await asyncio.to_thread(_traits, letter) if is_big else _traits(letter)
        fault = _find_fault(letter, traits)
        if fault is not None:
            return Result(letter.id, Outcome.REFUSED, fault)
        try:
            outcome, detail = await self._attempt(letter, traits)
        except BaseException:  # a transaction that was begun and left must not be the next letter's
            self._drop()
            raise
        return Result(letter.id, outcome, detail)

    async def _attempt(self, letter: Letter, traits: _Traits) -> tuple[Outcome, Words]:
        try:
            connection = await self._begin(letter, traits)
        except _NoEightBits:
            return Outcome.REFUSED, said("the mail server takes no mail of 8 bits (RFC 6152)")
        try:
            async with asyncio.timeout(self._patience.envelope):
                reply = await _offer(connection)
            if _digit(reply) == _GO_ON:
                async with asyncio.timeout(self._patience.message):
                    last = await _transmit(connection, letter.message)
        except _TROUBLE as error:
            self._drop()
            return _judge_broken_off(error), _describe(error)
        if reply.code == _GOING_AWAY:
            raise SmarthostAway(_as_answered(reply))
        if _digit(reply) != _GO_ON:
            return _judge(reply), _as_answered(reply)
        try:
            async with asyncio.timeout(self._patience.answer):
                reply = _expect(_DONE, await connection.end(last))
        except _TROUBLE as error:
            self._drop()
            return Outcome.UNKNOWN, _describe(error)
        if _judge(reply) is not Outcome.SENT:  # another answer may follow, if this was an early one
            self._drop()
        return _judge(reply), _as_answered(reply)

    async def _begin(self, letter: Letter, traits: _Traits) -> Connection:
        """A connection on which the letter is offered; the answers are still to come."""
        if self._connection is not None:
            self._connection.say(b"RSET", *_envelope(self._connection, letter, traits))
            with suppress(*_TROUBLE):  # the smarthost may have ended it meanwhile
                async with asyncio.timeout(self._patience.waking):
                    if _digit(await self._connection.reply()) == _DONE:
                        return self._connection
            self._drop()
        self._connection = await self._open()
        self._connection.say(*_envelope(self._connection, letter, traits))
        return self._connection

    async def _open(self) -> Connection:
        try:
            client = self._make_client()
            try:
                async with asyncio.timeout(self._patience.connecting):
                    await client.connect()
                    if client.is_ehlo_or_helo_needed:
                        await client.ehlo()
                return Connection(client)
            except BaseException:
                client.close()
                raise
        except _TROUBLE as error:
            log.warning("smarthost.unreachable", error=error)
            raise SmarthostAway(_describe(error)) from error

    def _make_client(self) -> SMTP:
        settings = self._settings
        password = settings.password_file.read_text().strip() if settings.password_file else None
        return SMTP(
            hostname=settings.address.host,
            port=settings.address.port,
            username=settings.username or None,
            password=password,
            local_hostname=self._hostname,
            timeout=None,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
        )

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _traits(letter: Letter) -> _Traits:
    """What the message is like, looked through a piece at a time."""
    has_seven_bits = is_canonical = True
    block = cut = b""
    for piece in pieces(letter.message, _BLOCK):
        block = cut + piece
        cut = b"\r" if block.endswith(b"\r") else b""  # its LF is in the next piece
        seen = block.removesuffix(cut)
        has_seven_bits = has_seven_bits and seen.isascii()
        is_canonical = is_canonical and not (b"\0" in seen or has_bare_line_break(seen))
    return _Traits(has_seven_bits, is_canonical and block.endswith(b"\r\n"))


def _find_fault(letter: Letter, traits: _Traits) -> Said | None:
    """Why the letter must not be sent as it is; None if it may. It is not for us to mend it."""
    if letter.sender and not is_mailbox(letter.sender):
        return said("the sender is no mailbox")
    if not is_mailbox(letter.recipient):
        return said("the recipient is no mailbox")
    if not traits.is_canonical:
        return said("the message has NUL or line ends other than CRLF")
    return None


class _NoEightBits(Exception):
    """A letter has 8 bits, and the server takes none."""


def _envelope(connection: Connection, letter: Letter, traits: _Traits) -> list[bytes]:
    """MAIL, RCPT, DATA."""
    mail = f"MAIL FROM:<{letter.sender}>"
    if connection.offers("size"):
        mail += f" SIZE={len(letter.message)}"
    if not traits.has_seven_bits:
        if not connection.offers("8bitmime"):
            raise _NoEightBits
        mail += " BODY=8BITMIME"
    return [mail.encode(), f"RCPT TO:<{letter.recipient}>".encode(), b"DATA"]


async def _offer(connection: Connection) -> SMTPResponse:
    """The answer to the envelope: the first refusal, else the 354."""
    refusal: SMTPResponse | None = None
    for wanted in (_DONE, _DONE, _GO_ON):
        reply = _expect(wanted, await connection.reply())
        if _digit(reply) != wanted:
            refusal = refusal or reply
            if reply.code == _GOING_AWAY or not connection.is_pipelining:
                return refusal
    if refusal is not None and _digit(reply) == _GO_ON:
        # The server waits for a message without a recipient (RFC 2920, section 3.1): it gets none.
        connection.close()
    return refusal or reply


async def _transmit(connection: Connection, message: Content) -> bytes:
    """Sends the message but for its last block, which it returns with the end mark."""
    waiting = b""
    for block in _stuffed(message):
        if waiting:
            await connection.write(waiting)
            await asyncio.sleep(0)  # the server may be as fast as we are: others have their turn
        waiting = block
    return waiting + b".\r\n"


def _stuffed(message: Content) -> Iterator[bytes]:
    """The message with its dots doubled (RFC 5321 section 4.5.2), in blocks."""
    before = b"\r\n"
    for piece in pieces(message, _BLOCK):
        # A line may end in one piece, and the next begin with its dot.
        yield (before + piece).replace(b"\r\n.", b"\r\n..")[len(before) :]
        before = (before + piece)[-2:]


def _digit(reply: SMTPResponse) -> int:
    return reply.code // 100


def _expect(wanted: int, reply: SMTPResponse) -> SMTPResponse:
    """The reply, if its first digit is `wanted` or that of a refusal."""
    if _digit(reply) not in (wanted, _LATER, _NEVER):
        raise SMTPResponseException(reply.code, reply.message)
    return reply


def _judge(reply: SMTPResponse) -> Outcome:
    if _digit(reply) == _DONE:
        return Outcome.SENT
    if _digit(reply) == _LATER or reply.code in _NOT_THE_LETTERS_FAULT:
        return Outcome.DEFERRED
    return Outcome.REFUSED


def _judge_broken_off(error: Exception) -> Outcome:
    """What became of a letter whose end was not sent: some servers refuse one in its midst, and hang up."""
    refused = isinstance(error, SMTPResponseException) and error.code // 100 == _NEVER
    return Outcome.REFUSED if refused else Outcome.DEFERRED


def _describe(error: Exception) -> Said:
    """What went wrong, for whoever gets to read it; what the server or the system said of it stands as it came."""
    match error:
        case TimeoutError():
            return said("the mail server gave no answer in time")
        case SMTPResponseException():
            reply = SMTPResponse(error.code, error.message)
            return said("the mail server answered: %(answer)s", answer=_as_answered(reply))
        case SMTPServerDisconnected() | ConnectionResetError() | BrokenPipeError():
            return said("the mail server broke off the connection")
        case ssl.SSLError():
            return said("no encrypted connection: %(reason)s", reason=_printable(str(error)))
        case OSError():
            return said(
                "the mail server was not reached: %(reason)s", reason=_printable(str(error))
            )
    return said("the mail server was not understood: %(reason)s", reason=_printable(str(error)))


def _as_answered(reply: SMTPResponse) -> str:
    return _printable(f"{reply.code} {reply.message}")


def _printable(text: str) -> str:
    return _NOT_PRINTABLE.sub(" ", text)[:_DETAIL_LENGTH].strip()
