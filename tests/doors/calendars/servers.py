"""Calendars' servers on loopback: one that says what it is told to, and a real CalDAV server."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

PASSWORD = "sesame"


@dataclass
class Feed:
    """A server that gives `answers` in their order, the last one for ever, and remembers what it was asked."""

    answers: list[bytes] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    delay: float = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/secret.ics"

    def says(self, *answers: bytes) -> None:
        self.answers = list(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"))
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), self.delay)
        writer.write(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
        writer.close()


@asynccontextmanager
async def feeding(*answers: bytes) -> AsyncIterator[Feed]:
    """A running `Feed`."""
    feed = Feed(list(answers))
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    feed.port = server.sockets[0].getsockname()[1]
    try:
        yield feed
    finally:
        server.close()
        feed.over.set()
        await asyncio.sleep(0.01)  # who is still being answered


def answer(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """An HTTP answer as it goes over the wire."""
    fields = {"Content-Length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def ics(*times: tuple[str, str], uid: str = "{}@elsewhere.test") -> bytes:
    """A calendar that has these times, each `20261123T100000Z`, as taken."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//EN"]
    for number, (start, end) in enumerate(times):
        lines += ["BEGIN:VEVENT", f"UID:{uid.format(number)}", "DTSTAMP:20261101T000000Z"]
        lines += [f"DTSTART:{start}", f"DTEND:{end}", "SUMMARY:Elsewhere", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


class Owned(ThreadingHTTPServer):
    """A calendar that its owner can change."""

    content = b""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/dana.ics"

    def takes(self, start: datetime, length: timedelta = timedelta(minutes=50)) -> None:
        self.content = ics((f"{start:%Y%m%dT%H%M%SZ}", f"{start + length:%Y%m%dT%H%M%SZ}"))


class Asked(BaseHTTPRequestHandler):
    """One request for it."""

    server: Owned

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def owned() -> Iterator[Owned]:
    """A running `Owned`, in a thread of its own."""
    server = Owned(("127.0.0.1", 0), Asked)
    server.content = ics()
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield server
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@dataclass
class Radicale:
    """A real CalDAV server with one calendar."""

    url: str
    password_file: Path

    @property
    def collection(self) -> str:
        return f"{self.url}/dana/office/"

    def ask(self, method: str, path: str = "", content: bytes = b"") -> httpx.Response:
        return httpx.request(
            method, self.collection + path, content=content, auth=("dana", PASSWORD)
        )


@contextmanager
def radicale(folder: Path) -> Iterator[Radicale]:
    """A running `Radicale`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "users").write_text(f"dana:{PASSWORD}\n")
    (folder / "password").write_text(f"{PASSWORD}\n")
    (folder / "radicale.ini").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\n"
        f"htpasswd_encryption = plain\ndelay = 0\n"
        f"[storage]\nfilesystem_folder = {folder}/collections\n"
    )
    command = [sys.executable, "-m", "radicale", "--config", str(folder / "radicale.ini")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    server = Radicale(f"http://127.0.0.1:{port}", folder / "password")
    try:
        _wait_for(port)
        made = server.ask("MKCALENDAR")
        assert made.status_code == 201, made.text
        yield server
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")
