"""A plugin for the pytest that runs aiosmtpd's own tests: what they start is our listener.

They ask for a controller, with a handler and with settings of aiosmtpd's class; they get one that opens
our listener on a free port. Words of a reply are everybody's own: of theirs the code counts.
"""

import asyncio
import threading
from collections.abc import Coroutine, Generator
from pathlib import Path
from typing import Any, Literal, TypeVar

import aiosmtpd.controller
import aiosmtpd.lmtp
import aiosmtpd.smtp
import pytest
from aiosmtpd.testing.helpers import ReceivingHandler
from aiosmtpd.testing.statuscodes import StatusCode

from mailflow import config
from mailflow.doors.listener import Limits, Listener
from mailflow.doors.listener.gate import Address
from mailflow.doors.listener.session import Session
from mailflow.mail.envelope import Envelope, Recipient

T = TypeVar("T")

CERTIFICATES = Path(aiosmtpd.controller.__file__).parent / "tests" / "certs"

met: list[Session] = []
"""The sessions of the case that runs."""


class Server:
    """What a case asks of aiosmtpd's class, as far as there is a word for it here."""

    protocol: Literal["smtp", "lmtp"] = "smtp"
    line_length_limit = 1001

    def __init__(
        self,
        handler: object,
        *,
        hostname: str = "flow.example.com",
        data_size_limit: int | None = 33_554_432,
        command_call_limit: Any = None,
        timeout: float = 300.0,
        tls_context: object = None,
        decode_data: bool = False,
        **others: object,
    ) -> None:
        self.hostname = hostname
        self.is_decoded = decode_data
        # A greeting comes before the commands that they count.
        calls = command_call_limit + 1 if isinstance(command_call_limit, int) else 500
        self.limits = Limits(idle=timeout, commands=calls, stop=0.2)
        self.settings = config.Listener(
            address=config.Endpoint("127.0.0.1", 0),
            protocol=self.protocol,
            max_message_size=data_size_limit or 33_554_432,
            tls_certificate=CERTIFICATES / "server.crt" if tls_context else None,
            tls_key=CERTIFICATES / "server.key" if tls_context else None,
        )


class LmtpServer(Server):
    """The same of their class for LMTP."""

    protocol = "lmtp"


class Observed(Listener):
    """A listener whose sessions are shown to the controller."""

    controller: "Controller"

    def _make_session(self, peer: Address) -> Session:
        session = super()._make_session(peer)
        self.controller.smtpd = session
        met.append(session)
        return session


class Controller:
    """A listener in a loop and a thread of its own, as aiosmtpd's has them."""

    smtpd: Server | Session
    """The last session that began."""

    def __init__(self, handler: object, **settings: Any) -> None:
        self.handler = handler
        self.hostname, self.port = "127.0.0.1", 0
        self._settings = {**settings, "hostname": "flow.example.com"}
        self._settings.pop("port", None)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def factory(self) -> Server:
        """Some of theirs have one of their own."""
        return Server(self.handler, **self._settings)

    def start(self) -> None:
        self._server = self.factory()
        self._thread.start()
        self._listener, self.port = self._wait(self._open())

    def stop(self) -> None:
        if self._thread.is_alive():
            self._wait(self._listener.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _open(self) -> tuple[Listener, int]:
        listener = Observed(
            self._server.settings,
            hostname=self._server.hostname,
            accepts=lambda _: Recipient.OURS,
            take=self._take,
            limits=self._server.limits,
        )
        listener.controller = self
        _, port = await listener.start()
        return listener, port

    async def _take(self, envelope: Envelope) -> None:
        if isinstance(self.handler, ReceivingHandler):
            theirs = aiosmtpd.smtp.Envelope()
            theirs.mail_from, theirs.rcpt_tos = envelope.sender, list(envelope.recipients)
            raw = bytes(envelope.raw)
            theirs.content = raw.decode() if self._server.is_decoded else raw
            self.handler.box.append(theirs)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


def pytest_configure(config: pytest.Config) -> None:
    """Put ours in the places from which their tests take theirs, before they do."""
    aiosmtpd.controller.Controller = Controller  # type: ignore[misc, assignment]
    aiosmtpd.smtp.SMTP = Server  # type: ignore[misc, assignment]
    aiosmtpd.lmtp.LMTP = LmtpServer  # type: ignore[misc, assignment]
    StatusCode.__eq__ = _is_same_code  # type: ignore[method-assign]


def _is_same_code(own: tuple[int | bytes, ...], other: object) -> bool:
    return isinstance(other, tuple) and own[0] == other[0]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Begin to look at one case."""
    met.clear()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A case counts only if it has met our listener."""
    result = yield
    assert met, "no connection was made"
    return result
