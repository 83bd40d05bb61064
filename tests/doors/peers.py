"""The others at the doors: a client that says what it likes, and smarthosts, good and bad."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from mailflow.config import Endpoint

_NOWHERE = Endpoint("127.0.0.1", 0)


class Client:
    """Sends bytes as they are given, and reads whole replies."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.patience = 5.0
        """Seconds for which it waits for a line."""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self) -> str:
        """The next reply, its lines joined by a newline; empty at the end of the connection."""
        lines = []
        while line := await self._line():
            lines.append(line)
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    async def _line(self) -> str:
        async with asyncio.timeout(self.patience):
            try:
                return (await self.reader.readline()).decode().rstrip("\r\n")
            except ConnectionError:
                return ""

    async def ask(self, command: str) -> str:
        await self.send(command.encode() + b"\r\n")
        return await self.reply()

    async def ask_all(self, *commands: str) -> list[str]:
        return [await self.ask(command) for command in commands]

    async def mail(self, data: bytes, *recipients: str, hello: str = "EHLO client") -> str:
        """Everything up to 354, then `data` as it is; the answer to it."""
        await self.ask(hello)
        await self.ask("MAIL FROM:<a@example.net>")
        for recipient in recipients or ("dana@flow.example.com",):
            await self.ask(f"RCPT TO:<{recipient}>")
        assert (await self.ask("DATA")).startswith("354")
        await self.send(data)
        return await self.reply()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    """A client that has read the greeting."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = Client(reader, writer)
    try:
        yield client
    finally:
        writer.close()


@dataclass(frozen=True)
class Certificate:
    """A certificate of 127.0.0.1 that signs itself."""

    path: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        made = cls(folder / "certificate.pem", folder / "key.pem")
        openssl = shutil.which("openssl") or "openssl"
        command = f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        command += f" -keyout {made.key} -out {made.path} -days 2 -subj /CN=127.0.0.1"
        command += " -addext subjectAltName=IP:127.0.0.1"
        subprocess.run(command.split(), check=True, capture_output=True)
        return made

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.path, self.key)
        return context


@dataclass
class Sink:
    """A smarthost that takes everything, and remembers it."""

    endpoint: Endpoint = _NOWHERE
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.open -= 1
        return "221 bye"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        sender, content = envelope.mail_from, envelope.original_content
        assert sender is not None
        assert content is not None
        self.taken.append((sender, envelope.rcpt_tos, content))
        return "250 2.0.0 queued"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        login, password = getattr(data, "login", b""), getattr(data, "password", b"")
        self.logins.append((login, password))
        return AuthResult(success=password == b"sesame", handled=False)


@asynccontextmanager
async def sink(
    tls: ssl.SSLContext | None = None, *, wrapped: bool = False, login: bool = False
) -> AsyncIterator[Sink]:
    """A running `Sink`: with `tls` over STARTTLS, or `wrapped` in TLS from the first byte."""
    loop = asyncio.get_running_loop()
    recorder = Sink()

    def connect() -> SMTP:
        recorder.connections += 1
        recorder.open += 1
        return SMTP(
            recorder,
            hostname="sink.example.net",
            tls_context=None if wrapped else tls,
            auth_require_tls=not wrapped,
            auth_required=login,
            authenticator=recorder.authenticate,
            loop=loop,
        )

    server = await loop.create_server(connect, "127.0.0.1", 0, ssl=tls if wrapped else None)
    recorder.endpoint = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield recorder
    finally:
        server.close()


# What a bad smarthost does instead of answering a step.
Misdeed = Callable[[asyncio.StreamWriter], Awaitable[None]]

STEPS = ("connect", "EHLO", "MAIL", "RCPT", "DATA", "dot")
_GOOD = {
    "connect": b"220 bad.example.net\r\n",
    "EHLO": b"250-bad.example.net\r\n250 8BITMIME\r\n",
    "DATA": b"354 go on\r\n",
    "QUIT": b"221 bye\r\n",
}


def says(text: bytes) -> Misdeed:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(text)

    return answer


async def drops(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def is_silent(writer: asyncio.StreamWriter) -> None:
    pass


async def drips(writer: asyncio.StreamWriter) -> None:
    for _ in range(50):
        writer.write(b"250-\r\n")
        await asyncio.sleep(0.05)


@dataclass
class Script:
    """A smarthost that is good until it comes to `step`, for `times` times."""

    step: str
    misdeed: Misdeed
    times: int = 1_000_000
    pipelining: bool = False
    """Whether it says that it takes several commands at once."""
    taken: list[bytes] = field(default_factory=list)
    endpoint: Endpoint = _NOWHERE

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer("connect", writer)
            while line := await reader.readline():
                verb = line[:4].decode().upper().strip()
                await self._answer(verb, writer)
                if verb == "DATA" and not (self.step == "DATA" and self.times >= 0):
                    self.taken.append(await reader.readuntil(b"\r\n.\r\n"))
                    await self._answer("dot", writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, step: str, writer: asyncio.StreamWriter) -> None:
        if step == self.step:
            self.times -= 1
            if self.times >= 0:
                await self.misdeed(writer)
                return
        extension = b"250-PIPELINING\r\n" if step == "EHLO" and self.pipelining else b""
        writer.write(extension + _GOOD.get(step, b"250 ok\r\n"))


@asynccontextmanager
async def scripted(
    step: str, misdeed: Misdeed, times: int = 1_000_000, *, pipelining: bool = False
) -> AsyncIterator[Script]:
    script = Script(step, misdeed, times, pipelining)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    script.endpoint = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield script
    finally:
        server.close()


@asynccontextmanager
async def hanging(domain: str) -> AsyncIterator[Sink]:
    """A smarthost that never answers RCPT for one domain, as one does that asks there first."""
    loop = asyncio.get_running_loop()
    recorder = _Hanging(domain=domain)
    server = await loop.create_server(
        lambda: SMTP(recorder, hostname="sink.example.net", loop=loop), "127.0.0.1", 0
    )
    recorder.endpoint = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield recorder
    finally:
        server.close()


@dataclass
class _Hanging(Sink):
    domain: str = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.endswith(f"@{self.domain}"):
            await asyncio.sleep(60)
        envelope.rcpt_tos.append(address)
        return "250 ok"
