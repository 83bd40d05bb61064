"""Mails of an archive, read under the limits of any mail, before the transaction that takes them in."""

import asyncio
from collections.abc import Iterable

from mailflow.conversations.importing import Candidate
from mailflow.doors.readers import Readers
from mailflow.errors import ReaderLost, Unreadable
from mailflow.mail.archives import StoredMail


async def read_all(readers: Readers, mails: Iterable[StoredMail]) -> list[Candidate]:
    """Each of them, read or not, for a reason; raises `ReaderLost` where none can be read."""
    await readers.ready()
    return await asyncio.gather(*(_read(readers, mail) for mail in mails))


async def _read(readers: Readers, found: StoredMail) -> Candidate:
    if found.whole:
        try:
            return Candidate(found.raw, await readers.read(found.raw, None))
        except (Unreadable, ReaderLost) as error:
            reason = error.reason
    else:
        reason = f"too large, cut after {len(found.raw)} octets"
    return Candidate(found.raw, None, f"{reason}: {found.where}")
