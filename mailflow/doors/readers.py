"""Mails read, and copied, in a few kept processes: whatever a mail does to its reader, the service goes on.

A thread can be stopped by nobody. A process that takes too long or too much, or dies of what it reads, is
replaced by another.
"""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import IO, Any

from mailflow.errors import ReaderLost, Unreadable
from mailflow.mail.reading import Mail
from mailflow.mail.spooled import PIECE, Content, pieces
from mailflow.mail.tasks import Reading, Relaying
from mailflow.mail.wire.body_hashes import Outline

PROCESSES = 2
"""Readers; each has some 20 MB at rest."""

COMMAND = (sys.executable, "-m", "mailflow.mail")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds on the wall that a process has; one that reads has less time of its own, but may have to wait for it."""

    starting: float = 30.0
    reading: float = 60.0


STANDARD = Patience()


class Readers:
    """Reads mails to `domain`, as many at a time as there are processes."""

    def __init__(
        self, domain: str, *, command: Sequence[str] = COMMAND, patience: Patience = STANDARD
    ) -> None:
        self._domain = domain
        self._patience = patience
        self._threads = ThreadPoolExecutor(PROCESSES, "reader")
        self._readers = [_Reader(command) for _ in range(PROCESSES)]
        self._idle: asyncio.LifoQueue[_Reader] = asyncio.LifoQueue()
        for reader in self._readers:
            self._idle.put_nowait(reader)

    def close(self) -> None:
        """End all processes, whatever they are at."""
        for reader in self._readers:
            self._end(reader)
        self._threads.shutdown()

    async def read(self, raw: Content, sender: str | None) -> Mail:
        """A mail as `mail.reading.read` makes it.

        Raises `Unreadable`, and `ReaderLost` where its reader did not live to tell, or not in time.
        """
        mail: Mail = (await self._ask(Reading(self._domain, sender), raw, BytesIO()))[0]
        return mail

    async def relay(self, raw: Content, changes: Relaying, into: IO[bytes]) -> tuple[Outline, int]:
        """Write the body of a copy of a mail to a file; returns its outline, and how many octets it has.

        Raises as `read` does.
        """
        answer: tuple[Outline, int] = await self._ask(changes, raw, into)
        return answer

    async def _ask(
        self, task: Reading | Relaying, raw: Content, into: IO[bytes]
    ) -> tuple[Any, int]:
        reader = await self._idle.get()
        try:
            await self._start(reader)
            work = partial(reader.exchange, task, raw, into)
            answer, size = await self._within(self._patience.reading, reader, work)
        finally:
            self._idle.put_nowait(reader)
        if isinstance(answer, Unreadable):
            raise answer
        return answer, size

    async def ready(self) -> None:
        """Return when a reader runs: whoever counts tries must not count the wait for one. Raises `ReaderLost`."""
        reader = await self._idle.get()
        try:
            await self._start(reader)
        finally:
            self._idle.put_nowait(reader)  # the next mail is this one's

    async def _start(self, reader: "_Reader") -> None:
        if not reader.is_running:
            self._end(reader)
            reader.start()
            await self._within(self._patience.starting, reader, reader.hear)

    async def _within(self, seconds: float, reader: "_Reader", work: Callable[[], Any]) -> Any:
        """What `work` comes to in a thread; who does not wait for that ends the reader, and so the thread's wait."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                return await loop.run_in_executor(self._threads, work)
        except TimeoutError as error:
            self._end(reader)
            raise ReaderLost(f"what reads it said nothing for {seconds:.3g} seconds") from error
        except BaseException:
            self._end(reader)
            raise

    def _end(self, reader: "_Reader") -> None:
        process = reader.leave()
        if process is not None:
            process.kill()
            self._threads.submit(_clear_away, process)


class _Reader:
    """One process, while there is one, as the one thread sees it that asks it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start a process; the first thing to be heard of it is that it is ready."""
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def leave(self) -> "subprocess.Popen[bytes] | None":
        """The process, which is asked nothing more."""
        process, self._process = self._process, None
        return process

    def hear(self) -> tuple[Any, int]:
        """What it says next, and how many octets it wants to say after that. Raises `ReaderLost`."""
        process = self._process
        if process is None or process.stdout is None:
            raise ReaderLost("its reader was ended")
        try:
            answer: tuple[Any, int] = pickle.load(process.stdout)
            return answer
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise ReaderLost(_fate(process.wait())) from error

    def exchange(self, task: Reading | Relaying, raw: Content, into: IO[bytes]) -> tuple[Any, int]:
        """What it answers, and how many octets with that, which are written to a file. Raises `ReaderLost`."""
        process = self._process
        if process is None or process.stdin is None:
            raise ReaderLost("its reader was ended")
        with suppress(BrokenPipeError):
            pickle.dump((task, len(raw)), process.stdin, pickle.HIGHEST_PROTOCOL)
            for piece in pieces(raw):
                process.stdin.write(piece)
            process.stdin.flush()
        answer, size = self.hear()
        for start in range(0, size, PIECE):
            into.write(self._listen(min(PIECE, size - start)))
        return answer, size

    def _listen(self, size: int) -> bytes:
        """The next octets that it says. Raises `ReaderLost`."""
        process = self._process
        octets = process.stdout.read(size) if process and process.stdout else b""
        if len(octets) < size:
            raise ReaderLost("its reader was ended")
        return octets


def _fate(code: int) -> str:
    if code == -signal.SIGPROF:
        return "it took too long to read"
    return f"the process that read it ended ({code})"


def _clear_away(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process that was killed, and close its pipes: what was still to be written is lost."""
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
