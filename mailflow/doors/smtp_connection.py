"""Commands to a mail server and its replies, on a connection that aiosmtplib has opened.

Where the server takes several commands at once (RFC 2920) a letter costs two ways there and back
instead of five; aiosmtplib sends one and loses what else is answered.
"""

import asyncio
from collections import deque
from typing import cast

from aiosmtplib import SMTP, SMTPResponse, SMTPResponseException, SMTPServerDisconnected

LONGEST = 65_536  # octets of what was not read yet, and of one reply


class Connection(asyncio.Protocol):
    """A connection after EHLO, TLS and login; it takes over from its client.

    A reply that cannot be understood is a ValueError, the end an SMTPServerDisconnected.
    """

    def __init__(self, client: SMTP) -> None:
        if client.transport is None:
            raise SMTPServerDisconnected("connection lost")
        self._client = client
        # Not all loops' transports are one by name.
        self._transport = cast(asyncio.Transport, client.transport)
        self._heard = bytearray()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ended = False
        self._unsent: deque[bytes] = deque()
        self.is_pipelining = self.offers("pipelining")
        self._transport.set_protocol(self)

    def offers(self, extension: str) -> bool:
        """Whether the server named that extension after EHLO."""
        return self._client.supports_extension(extension)

    def say(self, *commands: bytes) -> None:
        """Send commands, at once or each when the one before was answered; what was said unasked is forgotten."""
        if any(b"\r" in command or b"\n" in command for command in commands):
            raise ValueError("a command would hold a line break")
        lines = [command + b"\r\n" for command in commands]
        self._heard.clear()
        self._unsent = deque([b"".join(lines)] if self.is_pipelining else lines)

    async def write(self, octets: bytes) -> None:
        """Send what is no command, once all commands were answered; it returns when there is room for more.

        What the server said before it ended the connection is an SMTPResponseException.
        """
        if not self._ended:
            self._write(octets)
            await self._room.wait()
        if self._ended:
            reply = await self.reply()
            raise SMTPResponseException(reply.code, reply.message)

    async def end(self, octets: bytes) -> SMTPResponse:
        """Send what ends a message; the reply to that."""
        self._write(octets)
        return await self.reply()

    async def reply(self) -> SMTPResponse:
        """The reply to the next command."""
        if self._unsent:
            self._write(self._unsent.popleft())
        texts: list[bytes] = []
        octets = 0
        while octets <= LONGEST:
            line = await self._line()
            if not line[:3].isdigit():
                raise ValueError("no reply of SMTP")
            octets += len(line)
            texts.append(line[4:].strip())
            if line[3:4] != b"-":
                text = b"\n".join(texts).decode("utf-8", "surrogateescape")
                return SMTPResponse(int(line[:3]), text)
        raise ValueError("a reply without an end")

    def close(self) -> None:
        """End it at once, also where the server does not read what waits to be sent."""
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        self._client.close()

    def _write(self, octets: bytes) -> None:
        self._check()  # uvloop has a RuntimeError for it
        self._transport.write(octets)

    def _check(self) -> None:
        if self._ended or self._transport.is_closing():
            raise SMTPServerDisconnected("connection lost")

    async def _line(self) -> bytes:
        while (end := self._heard.find(b"\n")) < 0:
            if len(self._heard) > LONGEST:
                raise ValueError("a line without an end")
            self._check()
            self._news.clear()
            await self._news.wait()
        line = bytes(self._heard[: end + 1])
        del self._heard[: end + 1]
        return line

    def data_received(self, data: bytes) -> None:
        self._heard += data
        self._news.set()
        if len(self._heard) > 2 * LONGEST:  # nobody reads it
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._ended = True
        self._news.set()
        self._room.set()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()
