"""Archives of mail, taken apart as they lie on the disk."""

import mailbox
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.errors import MailflowError
from mailflow.mail.archives import PIECE, StoredMail, archive_files, mails_in

MOST = 10_000
SEPARATOR = b"From ann@client.test Tue Nov  3 12:00:00 2026\n"

# Where the lines of a mail end alike, and it has an end.
CONTENTS = st.lists(st.sampled_from([b"From here", b">From there", b">>From", b"", b"a: b"])).map(
    lambda lines: b"Subject: Hi\n\n" + b"".join(line + b"\n" for line in lines) + b".\n"
)


def raw_mails(path: Path, most: int = MOST) -> list[bytes]:
    return [mail.raw for file in archive_files(path) for mail in mails_in(file, most)]


def written(folder: Path, content: bytes, name: str = "archive.mbox") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "separator",
    [
        "From ann@client.test Tue Nov  3 12:00:00 2026",
        "From - Tue Nov 03 12:00:00 2026",
        "From MAILER-DAEMON Tue Nov  3 12:00 2026",
        "From ann at client.test  Tue Nov  3 12:00:00 2026",
        "From 1588@xxx Tue Nov 03 05:35:08 +0000 2026",
        "From ann@client.test Tue Nov  3 12:00:00 PST 2026",
        'From "a b"@client.test Tue Nov  3 12:00:00 2026 +0100',
    ],
)
def test_separators_as_they_are_written(tmp_path: Path, separator: str) -> None:
    line = separator.encode() + b"\n"
    box = line + b"Subject: 1\n\nOne\n\n" + line + b"Subject: 2\n\nTwo\n\n"
    assert raw_mails(written(tmp_path, box)) == [b"Subject: 1\n\nOne\n", b"Subject: 2\n\nTwo\n"]


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b"One\n>From here\n", b"One\nFrom here\n"),
        (b"One\n>>From here\n", b"One\n>From here\n"),
        (b"One\n> From here\n", b"One\n> From here\n"),
        (b"One\n\nFrom here on\n", b"One\n\nFrom here on\n"),
        (b"One\n\n", b"One\n\n"),
        (b"x" * PIECE + SEPARATOR, b"x" * PIECE + SEPARATOR),
        (b"x" * PIECE + b">From\n", b"x" * PIECE + b">From\n"),
    ],
    ids=[
        "quoted",
        "quoted twice",
        "a quote of somebody's",
        "not quoted, though it should be",
        "an empty line of its own",
        "within a line that is read in pieces",
        "no quote within a line",
    ],
)
def test_lines_of_a_mail_are_as_they_were(tmp_path: Path, body: bytes, read: bytes) -> None:
    entry = SEPARATOR + b"Subject: 1\n\n" + body + b"\n"
    box = written(tmp_path, entry + SEPARATOR + b"Subject: 2\n\n")
    assert raw_mails(box, 2 * PIECE) == [b"Subject: 1\n\n" + read, b"Subject: 2\n"]


def test_lines_may_end_with_carriage_returns(tmp_path: Path) -> None:
    entry = SEPARATOR + b"Subject: 1\n\nOne\n>From here\n\n"
    box = written(tmp_path, (entry + entry).replace(b"\n", b"\r\n"))
    assert raw_mails(box) == [b"Subject: 1\r\n\r\nOne\r\nFrom here\r\n"] * 2


def test_an_mbox_may_be_empty_and_may_end_anywhere(tmp_path: Path) -> None:
    assert raw_mails(written(tmp_path, b"")) == []
    assert raw_mails(written(tmp_path, SEPARATOR + b"Subject: 1\n\nOne")) == [b"Subject: 1\n\nOne"]


@given(st.lists(CONTENTS, min_size=1))
def test_what_another_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("box") / "box.mbox"
    with closing(mailbox.mbox(path)) as box:
        for content in contents:
            box.add(content)
    # This writer quotes only once (mboxo), so one quote too many is undone.
    expected = [content.replace(b"\n>From ", b"\nFrom ") for content in contents]
    assert [mail.replace(b"\n>From ", b"\nFrom ") for mail in raw_mails(path)] == expected


@given(st.lists(st.sampled_from([SEPARATOR, b"\n", b"\r\n", b"From ", b">", b"x" * 200, b"\0"])))
def test_any_octets_are_taken_apart(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    path = written(tmp_path_factory.mktemp("box"), SEPARATOR + b"".join(pieces))
    assert len(raw_mails(path)) <= 1 + pieces.count(SEPARATOR)


def test_a_mail_that_is_too_large_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    box = written(tmp_path, SEPARATOR + b"A: 1\n" * 3_000 + b"\n" + SEPARATOR + b"A: 2\n\n")
    assert list(mails_in(box, MOST)) == [
        StoredMail(f"{box}, mail 1", (b"A: 1\n" * 3_000)[:MOST], whole=False),
        StoredMail(f"{box}, mail 2", b"A: 2\n"),
    ]
    single = written(tmp_path, b"A: 1\n" * 3_000, "large.eml")
    assert [mail.whole for mail in mails_in(single, MOST)] == [False]


def test_a_maildir_with_its_folders(tmp_path: Path) -> None:
    for name in ("cur/1:2,S", "new/2", ".Sent/cur/3:2,S", ".Sent/.hidden", "tmp/4", ".A.B/new/5"):
        written(tmp_path, name.encode(), name)
    written(tmp_path, b"3 V1\n", "dovecot-uidlist")
    assert sorted(raw_mails(tmp_path)) == [
        b".A.B/new/5",
        b".Sent/cur/3:2,S",
        b"cur/1:2,S",
        b"new/2",
    ]


def test_a_folder_of_mails_and_boxes(tmp_path: Path) -> None:
    written(tmp_path, b"Subject: 1\n\nOne\n", "1.eml")
    written(tmp_path, b"Subject: 2\n\nTwo\n", "deep/down/2.EML")
    written(tmp_path, SEPARATOR + b"Subject: 3\n\n", "Inbox")
    written(tmp_path, b"Note: no mail\n", "Inbox.msf")
    assert [mail.partition(b"\n")[0] for mail in raw_mails(tmp_path)] == [
        b"Subject: 1",
        b"Subject: 3",
        b"Subject: 2",
    ]


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MailflowError, match="neither an mbox nor a mail"):
        archive_files(written(tmp_path, b"PK\x03\x04", "archive.zip"))
    with pytest.raises(FileNotFoundError):
        archive_files(tmp_path / "nothing")
