"""`import`: a host's archive, batch by batch, with progress."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from mailflow.cli.opening import opened
from mailflow.cli.progress import progress
from mailflow.cli.screen import print_line
from mailflow.conversations.importing import Outcome, import_mails
from mailflow.doors.archives import read_all
from mailflow.doors.readers import Readers
from mailflow.mail.archives import StoredMail, archive_files, mails_in

BATCH = 200
"""Mails of one transaction: a running `serve` waits for its end, well under a second."""

BATCH_OCTETS = 32_000_000
"""After which a batch is full, however few its mails: all of them are in memory."""

LINE_AFTER = 2_000
"""Mails after which a line tells how far it is, where no terminal shows it all the time."""

Counts = Counter[Outcome]


def import_archives(
    context: typer.Context,
    handle: Annotated[str, typer.Argument(metavar="HANDLE", help="Whose archive it is.")],
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH", help="mbox, Maildir, .eml, or a folder of them; repeatable."
        ),
    ],
) -> None:
    """A host's mail archive into the host's conversations. Nothing is sent; safe to stop, and to repeat."""
    counts: Counts = Counter()
    with opened(context) as store, asyncio.Runner() as runner:
        config = store.house.config
        config.host(handle)
        files = [file for path in paths for file in archive_files(path)]
        try:
            octets = sum(file.stat().st_size for file in files)
            with (
                closing(Readers(config.mailflow.domain)) as readers,
                progress(octets, "mails", line_after=LINE_AFTER) as advance,
            ):
                for batch in _batches(files, config.listener.max_message_size):
                    read = runner.run(read_all(readers, batch))
                    counts += store.run_now(import_mails, handle, read)
                    advance(sum(len(one.raw) for one in batch), len(batch))
        finally:  # also of an import that is stopped: what is counted is in the database
            print_line(_in_words(counts))


def _batches(files: Iterable[Path], most: int) -> Iterator[list[StoredMail]]:
    batch: list[StoredMail] = []
    size = 0
    for mail in (mail for file in files for mail in mails_in(file, most)):
        batch.append(mail)
        size += len(mail.raw)
        if len(batch) == BATCH or size >= BATCH_OCTETS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _in_words(counts: Counts) -> str:
    new, seen, unreadable = (counts[outcome] for outcome in Outcome)
    held = f", {unreadable} unreadable: see `mailflow held`" if unreadable else ""
    return f"{new} new, {seen} seen before{held}"
