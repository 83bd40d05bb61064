"""The floor: aiosmtpd on uvloop with a handler that forgets every mail. `python -m tests.benchmarks.bare`."""

import asyncio

import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session


class Forgetful:
    """Takes everything, and keeps nothing."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return "250 2.0.0 taken"


async def main() -> None:
    """Serve on a free port of loopback, which is printed, until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Forgetful()), "127.0.0.1", 0, backlog=100)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 -- who starts it reads that
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
