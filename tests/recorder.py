"""A smarthost that takes everything, and remembers each line as it came."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mailflow.config import Endpoint, Smarthost
from mailflow.doors import smarthost
from mailflow.mail.outgoing import Letter, Result
from tests.flow import Sent

NOWHERE = Endpoint("127.0.0.1", 0)


@dataclass
class Recorder:
    """What it was told: the lines of commands, and after each DATA all lines up to the dot."""

    extensions: Sequence[bytes] = ()
    endpoint: Endpoint = NOWHERE
    commands: list[bytes] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    _held: list[asyncio.Task[None] | None] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one conversation."""
        self._held.append(asyncio.current_task())
        writer.write(b"220 recorder.test\r\n")
        while line := await reader.readline():
            self.commands.append(line)
            verb = line[:4].upper().rstrip()
            if verb == b"EHLO":
                names = b"".join(b"250-%s\r\n" % name for name in self.extensions)
                writer.write(b"250-recorder.test\r\n" + names + b"250 HELP\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                self.contents.append(await _content(reader))
                writer.write(b"250 2.0.0 taken\r\n")
            else:
                writer.write(b"250 2.0.0 ok\r\n")
        writer.close()
        await writer.wait_closed()

    async def done(self) -> None:
        """Return when all conversations are over."""
        await asyncio.gather(*filter(None, self._held))


async def _content(reader: asyncio.StreamReader) -> bytes:
    """A message, without the dots that were added to its lines."""
    lines = []
    while (line := await reader.readline()) not in (b".\r\n", b""):
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)


@asynccontextmanager
async def recorder(*extensions: bytes) -> AsyncIterator[Recorder]:
    """A running one, with these extensions of SMTP."""
    made = Recorder(extensions)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=2**26)
    made.endpoint = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield made
    finally:
        server.close()
        await made.done()


async def delivered(sent: Sequence[Sent], *extensions: bytes) -> tuple[Recorder, list[Result]]:
    """All these copies handed over one after another, and what became of each."""
    async with recorder(*extensions) as peer:
        client = smarthost.Smarthost(Smarthost(address=peer.endpoint), hostname="flow.test")
        letters = [
            Letter(number, copy.sender, copy.recipient, copy.raw, 1)
            for number, copy in enumerate(sent)
        ]
        results = [await client.send(letter) for letter in letters]
        await client.quit()
        return peer, results
