"""What one client asks for, and what it gets.

Each command is a plain function of its argument. SMTPUTF8 and AUTH are not offered.
"""

import asyncio
import math
import re
from collections.abc import Mapping
from tempfile import SpooledTemporaryFile
from typing import ClassVar

from aiosmtpd.smtp import Envelope as Transaction

from mailflow.doors.listener.commands import parse_path, refuse_mail_parameters
from mailflow.doors.listener.connection import NOT_OFFERED, Command, Connection, report
from mailflow.doors.listener.data import IN_MEMORY, DataStream
from mailflow.doors.listener.gate import Address
from mailflow.doors.listener.terms import Terms
from mailflow.mail.envelope import Envelope, Recipient, is_mailbox
from mailflow.mail.spooled import Content

_PAST_THE_LIMIT = 256 * 1024  # bytes that are heard out, so that a client gets to read the refusal
_NAME = re.compile(r"[ -~]{1,255}")

_OK = "250 OK"
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

    _data: DataStream  # these two are there within data
    _deadline: asyncio.TimerHandle

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

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        if self._within_data:
            self._leave_data()

    # Greetings, and how it ends

    def _helo(self, name: str | None) -> str:
        return self._greet(name, f"250 {self.hostname}")

    def _ehlo(self, name: str | None) -> str:
        lines = [self.hostname, "PIPELINING", "8BITMIME"]
        if self._terms.certificate is not None and self._tls_protocol is None:
            lines.append("STARTTLS")
        size = f"250 SIZE {self._terms.max_message_size}"
        return self._greet(name, "\r\n".join([*(f"250-{line}" for line in lines), size]))

    def _greet(self, name: str | None, reply: str) -> str:
        if name is None or not _NAME.fullmatch(name):
            return _SYNTAX
        self.session.host_name = name
        self.envelope = Transaction()
        return reply

    def _starttls(self, argument: str | None) -> str | None:
        certificate = self._terms.certificate
        if certificate is None or self._tls_protocol is not None:
            return _ORDER if certificate else NOT_OFFERED
        if argument:
            return _SYNTAX
        self.tls_context = certificate.context()
        self._wait_for(self._start_tls(), lambda _: self._go_on())
        return None

    def _quit(self, argument: str | None) -> str | None:
        if argument:
            return _SYNTAX
        self._say("221 Bye")
        self._writer.close()
        return None

    # The envelope

    def _mail(self, argument: str | None) -> str:
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

    def _rcpt(self, argument: str | None) -> str | None:
        answer = self._add_recipient(argument)
        if answer == _ANSWERS[Recipient.UNKNOWN] and self._terms.gate.guessed(self._peer):
            self._say(answer)
            self.dismiss("421 4.7.0 too many unknown recipients")
            return None
        return answer

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

    def _rset(self, argument: str | None) -> str:
        if argument:
            return _SYNTAX
        self.envelope = Transaction()
        return _OK

    # The message

    def _begin_data(self, argument: str | None) -> str:
        if argument or not self.envelope.rcpt_tos:
            return _SYNTAX if argument else _ORDER
        terms = self._terms
        kept = SpooledTemporaryFile(IN_MEMORY, dir=terms.folder)  # noqa: SIM115 -- until the answer
        self._data = DataStream(terms.max_message_size, kept)
        self._deadline = self.loop.call_later(terms.limits.data, self._answer_data, _SLOW)
        self._within_data = True
        self._hear = self._hear_block
        return "354 end with CRLF.CRLF"

    def _hear_block(self) -> bool:
        """Takes what has come of the message; False if there is nothing."""
        block, self._came = self._came, b""
        if not block:
            return False
        data, terms = self._data, self._terms
        counted = data.size // terms.limits.progress
        try:
            if data.size > IN_MEMORY and not terms.has_room():
                data.refuse(_FULL)
            self._came = data.feed(block)
            if data.size // terms.limits.progress > counted:
                self.heard = self.loop.time()
            if data.ended or data.size > terms.max_message_size + _PAST_THE_LIMIT:
                self._end_data()
        except Exception as error:  # of the disk, most likely
            self._answer_data(report(error))
        return True

    def _end_data(self) -> None:
        self._deadline.cancel()
        if self._data.refusal is None:
            self.heard = math.inf  # it is for us now to answer
            envelope = self._fill_envelope(self._data.content())
            self._wait_for(self._terms.take(envelope), self._taken)
        else:
            self._answer_data(self._data.refusal)

    def _taken(self, taking: "asyncio.Future[object]") -> None:
        if taking.cancelled() or self.closed.done():  # the client has gone
            return
        error = taking.exception()
        if error is None:
            self._commands = 0
        self.heard = self.loop.time()
        self._answer_data(report(error) if error else _TAKEN)
        self._go_on()

    def _fill_envelope(self, raw: Content) -> Envelope:
        return Envelope(
            sender=self.envelope.mail_from or "",
            recipients=tuple(dict.fromkeys(self.envelope.rcpt_tos)),
            peer=self._peer_name,
            helo=self.session.host_name or "",
            raw=raw,
        )

    def _answer_data(self, answer: str) -> None:
        self._leave_data()
        self._say_of_all(answer)
        self.envelope = Transaction()
        if not self._data.ended:  # what is still to come is no command
            self._hang_up()
        elif self._is_retired:
            self.retire()

    def _say_of_all(self, answer: str) -> None:
        self._say(answer)

    def _leave_data(self) -> None:
        self._within_data = False
        self._hear = self._hear_line
        self._deadline.cancel()
        self._data.close()

    # What is told to nobody

    def _noop(self, argument: str | None) -> str:
        return _OK

    def _vrfy(self, argument: str | None) -> str:
        # No code may look as if the address had been looked up (RFC 5321 section 7.3).
        return "252 2.0.0 send mail, and see" if argument else _SYNTAX

    def _refuse(self, argument: str | None) -> str:
        return NOT_OFFERED

    def _drop(self, argument: str | None) -> None:
        """HTTP: a web page that makes a browser speak to us."""
        self.abort()

    commands: ClassVar[Mapping[str, Command]] = {
        "HELO": _helo,
        "EHLO": _ehlo,
        "STARTTLS": _starttls,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _begin_data,
        "RSET": _rset,
        "NOOP": _noop,
        "QUIT": _quit,
        "VRFY": _vrfy,
        **dict.fromkeys(("AUTH", "EXPN", "HELP"), _refuse),
        **dict.fromkeys(("GET", "POST", "PUT"), _drop),
    }


class LmtpSession(Session):
    """The same over LMTP (RFC 2033): another greeting, and one answer for each recipient."""

    commands: ClassVar[Mapping[str, Command]] = {
        **Session.commands,
        "LHLO": Session._ehlo,
        **dict.fromkeys(("HELO", "EHLO"), Session._refuse),
    }

    def _say_of_all(self, answer: str) -> None:
        self._say("\r\n".join([answer] * len(self.envelope.rcpt_tos)))
