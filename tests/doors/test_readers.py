"""Mails in processes of their own: read, refused, and what becomes of those that end their reader."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from tempfile import TemporaryFile

import pytest

from mailflow.doors.readers import PROCESSES, Patience, Readers
from mailflow.errors import ReaderLost, Unreadable
from mailflow.mail.copies.relaying import relayed
from mailflow.mail.reading import read
from mailflow.mail.spooled import Spooled
from mailflow.mail.tasks import Relaying
from mailflow.mail.wire.body_hashes import outline
from mailflow.post.inert import Inert
from tests.doors.obedient_reader import COMMAND

BRIEF = Patience(reading=2)


def mail(text: str) -> bytes:
    return f"From: Ann <ann@client.test>\r\nSubject: Grüße\r\n\r\n{text}\r\n".encode()


@pytest.fixture
async def readers() -> AsyncIterator[Readers]:
    made = Readers("flow.test", command=COMMAND, patience=BRIEF)
    yield made
    made.close()


async def test_a_mail_is_what_it_is_when_it_is_read_here() -> None:
    readers = Readers("flow.test")
    raw = mail("Hello") * 3
    assert await readers.read(raw, "") == read(raw, "flow.test", "")
    readers.close()


async def test_many_at_a_time_get_their_own(readers: Readers) -> None:
    found = await asyncio.gather(*(readers.read(mail(f"Mail {n}"), "") for n in range(50)))
    assert [one.text for one in found] == [f"Mail {n}" for n in range(50)]


@pytest.fixture
async def patient() -> AsyncIterator[Readers]:
    """As long as a busy machine may take for what is large."""
    made = Readers("flow.test", command=COMMAND)
    yield made
    made.close()


async def test_a_large_mail_passes(patient: Readers) -> None:
    found = await patient.read(mail("x" * 70 + "\r\n") + mail("y" * 70) * 40_000, "")
    assert len(found.text) > 500_000


async def test_a_big_mail_comes_from_a_file_and_its_copy_goes_into_one(patient: Readers) -> None:
    raw = mail("x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 40_000)
    with TemporaryFile() as came, TemporaryFile() as goes:
        came.write(b"before" + raw)
        content = Spooled(came, len(b"before"), len(raw))
        changes = Relaying(("x" * 70,), "Who is here: Ann", Inert("flow.test", "https://flow.test"))
        found, size = await patient.relay(content, changes, goes)
        assert (await patient.read(content, "")).text.startswith("x" * 70 + "\n")
        copy = bytes(Spooled(goes, 0, size))
    assert copy == relayed(raw, cut=changes.cut, footer=changes.footer, inert=changes.inert)
    assert found == outline(copy)


async def test_of_what_cannot_be_copied_nothing_is_written(readers: Readers) -> None:
    raw = b"Content-Type: multipart/mixed\r\n\r\nx\r\n"
    with TemporaryFile() as goes:
        with pytest.raises(Unreadable):
            await readers.relay(raw, Relaying(("/who",)), goes)
        assert goes.tell() == 0


async def test_beyond_the_limits_it_is_unreadable(readers: Readers) -> None:
    with pytest.raises(Unreadable, match="header of more than 256 KiB"):
        await readers.read(b"X: " + b"y" * 300_000 + b"\r\n\r\n", "")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("EXIT", r"ended \(7\)"),
        ("CRASH", r"ended \(-11\)"),
        ("HANG", "said nothing for 2 seconds"),
        ("EAT", r"ended \(1\)"),
    ],
)
async def test_a_mail_that_ends_its_reader_ends_no_other(
    readers: Readers, word: str, reason: str
) -> None:
    for _ in range(PROCESSES):
        with pytest.raises(ReaderLost, match=reason):
            await readers.read(mail(word), "")
        assert (await readers.read(mail("Hello"), "")).text == "Hello"


async def test_a_mail_that_takes_too_long_ends_its_reader() -> None:
    readers = Readers("flow.test", command=COMMAND)
    with pytest.raises(ReaderLost, match="took too long to read"):
        await readers.read(mail("SPIN"), "")
    assert (await readers.read(mail("Hello"), "")).text == "Hello"
    readers.close()


async def test_who_serves_goes_before_who_reads(readers: Readers) -> None:
    assert int((await readers.read(mail("NICENESS"), "")).text) > os.nice(0)


async def test_others_are_read_while_one_hangs(readers: Readers) -> None:
    await asyncio.gather(*(readers.read(mail("Hello"), "") for _ in range(PROCESSES)))
    hanging = asyncio.create_task(readers.read(mail("HANG"), ""))
    await asyncio.gather(*(readers.read(mail("Hello"), "") for _ in range(20)))
    assert not hanging.done()
    with pytest.raises(ReaderLost):
        await hanging


async def test_who_stops_waiting_leaves_no_answer_to_the_next(readers: Readers) -> None:
    for number in range(10):
        impatient = asyncio.create_task(readers.read(mail("HANG"), ""))
        await asyncio.sleep(0.01)
        impatient.cancel()
        assert (await readers.read(mail(f"Mail {number}"), "")).text == f"Mail {number}"


async def test_it_closes_at_once_whatever_its_readers_are_at() -> None:
    readers = Readers("flow.test", command=COMMAND)
    await readers.read(mail("Hello"), "")
    hanging = asyncio.create_task(readers.read(mail("HANG"), ""))
    await asyncio.sleep(0.1)
    start = time.monotonic()
    readers.close()
    assert time.monotonic() - start < 1
    with pytest.raises(ReaderLost):
        await hanging
