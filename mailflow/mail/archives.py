"""Archives of mail, one raw message at a time: mbox files (RFC 4155), Maildirs, single mails, folders of them."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from mailflow.errors import MailflowError

PIECE = 1 << 16
"""Octets of a line that are read at once: some lines never end."""

MAILDIR_PARTS = frozenset({"cur", "new"})
"""Where a Maildir keeps its mails; each of them is one file of any name."""

SUFFIXES = frozenset({".eml", ".mbox"})

_FROM = b"From "
# Not every writer quotes what begins like a separator: only one with a date is taken for one.
_DATED = re.compile(
    rb"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? "
    rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}"
    rb"\d{1,2} {1,2}\d{1,2}:\d\d[^\r\n]{0,20}\b\d{4}\b"
)
_QUOTED = re.compile(rb">+From ")
_FIELD = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")
_BLANK = (b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One mail of an archive: `where` it was found, in words; its `raw` bytes, only their beginning if not `whole`."""

    where: str
    raw: bytes = field(repr=False)
    whole: bool = True


def archive_files(path: Path) -> list[Path]:
    """The files at `path` that have mails in them, in the order of their names.

    `path` is a file, or a folder at any depth of which there are Maildirs (with their Maildir++ folders), mbox files
    and `.eml`; whatever else lies there is left alone. Raises `MailflowError` for a file that is no archive, and
    `OSError`.
    """
    if not path.is_dir():
        with path.open("rb") as file:
            start = file.read(PIECE)
        if start and not start.startswith(_FROM) and not _FIELD.match(start):
            raise MailflowError(f"{path} is neither an mbox nor a mail")
        return [path]
    return [
        file for folder in _folders(path) for file in sorted(folder.iterdir()) if _is_mail(file)
    ]


def mails_in(path: Path, most: int) -> Iterator[StoredMail]:
    """The mails of one file, each with at most `most` octets; an mbox is never in memory as a whole."""
    with path.open("rb") as file:
        if file.peek(len(_FROM)).startswith(_FROM):
            for number, mail in enumerate(_entries(file, most), start=1):
                yield StoredMail(f"{path}, mail {number}", mail[:most], len(mail) <= most)
        elif raw := file.read(most + 1):
            yield StoredMail(str(path), raw[:most], len(raw) <= most)


def _folders(root: Path) -> Iterator[Path]:
    """A folder and all below it; what a Maildir has under `tmp` is not delivered yet."""
    for folder, inside, _ in os.walk(root, onerror=_give_up):
        if "cur" in inside and "tmp" in inside:
            inside.remove("tmp")
        inside.sort()
        yield Path(folder)


def _give_up(error: OSError) -> None:
    raise error


def _is_mail(file: Path) -> bool:
    """Whether a file of a folder is one to read."""
    if file.name.startswith(".") or not file.is_file():
        return False
    if file.parent.name in MAILDIR_PARTS or file.suffix.lower() in SUFFIXES:
        return True
    with file.open("rb") as opened:
        return opened.read(len(_FROM)) == _FROM


def _entries(file: BufferedReader, most: int) -> Iterator[bytes]:
    """The mails of an mbox, their quoted lines as they were; of one beyond `most` octets a little more than that."""
    lines: list[bytes] = []
    size = 0
    begins = file.readline(PIECE).endswith(b"\n")
    while line := file.readline(PIECE):
        if begins and line.startswith(_FROM) and _DATED.search(line):
            yield _joined(lines)
            lines, size = [], 0
        elif size <= most:
            lines.append(line[1:] if begins and _QUOTED.match(line) else line)
            size += len(line)
        begins = line.endswith(b"\n")
    yield _joined(lines)


def _joined(lines: list[bytes]) -> bytes:
    """A mail of an mbox, without the empty line that parts it from the next."""
    return b"".join(lines[:-1] if lines and lines[-1] in _BLANK else lines)
