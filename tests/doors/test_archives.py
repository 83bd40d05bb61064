"""Mails of an archive read by readers: one that ends its reader is for a reason not read, and the others are."""

import pytest

from mailflow.doors.archives import read_all
from mailflow.doors.readers import Patience, Readers
from mailflow.errors import ReaderLost
from mailflow.mail.archives import StoredMail
from tests.doors.obedient_reader import COMMAND


def stored(text: str, number: int, *, whole: bool = True) -> StoredMail:
    return StoredMail(f"box, mail {number}", f"Subject: {text}\n\n{text}\n".encode(), whole)


async def test_a_mail_that_hangs_or_kills_its_reader_keeps_no_other_out() -> None:
    words = ["Hello", "HANG", "EXIT", *["Hello"] * 10]
    readers = Readers("flow.test", command=COMMAND, patience=Patience(reading=5))
    found = await read_all(readers, [stored(word, n) for n, word in enumerate(words)])
    readers.close()
    assert [one.mail.text if one.mail else one.reason for one in found] == [
        "Hello",
        "what reads it said nothing for 5 seconds: box, mail 1",
        "the process that read it ended (7): box, mail 2",
        *["Hello"] * 10,
    ]


async def test_what_cannot_be_read_is_said_with_its_place() -> None:
    readers = Readers("flow.test")
    mails = [StoredMail("long.eml", b"X: y\n" * 2_000), stored("cut", 7, whole=False)]
    long, cut = await read_all(readers, mails)
    readers.close()
    assert (long.mail, cut.mail) == (None, None)
    assert long.reason.endswith("lines: long.eml")
    assert cut.reason == "too large, cut after 18 octets: box, mail 7"


async def test_where_none_can_be_read_no_mail_is_blamed() -> None:
    readers = Readers("flow.test", command=("false",))
    with pytest.raises(ReaderLost):
        await read_all(readers, [stored("Hello", 1)])
    readers.close()
