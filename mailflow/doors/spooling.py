"""Big mails out of the store: into a file without a name, from which they are read in pieces."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryFile

from mailflow.conversations.taking import Job
from mailflow.doors.readers import Readers
from mailflow.mail.reading import Mail
from mailflow.mail.spooled import Spooled
from mailflow.store import Store
from mailflow.store.blobs import write_out


@asynccontextmanager
async def spooled(store: Store, digest: str, before: bytes = b"") -> AsyncIterator[Spooled]:
    """What was kept under a digest, behind these octets, as long as the block lasts. Raises `NotFound`, OSError."""
    with TemporaryFile(dir=store.house.config.mailflow.data_dir) as file:
        size = file.write(before)
        size += await store.read(lambda unit: write_out(unit.db, digest, file))
        yield Spooled(file, 0, size)


async def read_job(store: Store, readers: Readers, job: Job) -> Mail:
    """A mail that was taken, read. Raises `Unreadable`, `ReaderLost`."""
    if job.is_whole:
        return await readers.read(job.raw, job.taken.sender)
    async with spooled(store, job.taken.blob) as content:
        return await readers.read(content, job.taken.sender)
