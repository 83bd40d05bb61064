"""A backup: the database as it stands at one moment, copied beside whoever writes, and the secret with it."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from mailflow.config import Config
from mailflow.errors import MailflowError
from mailflow.store.engines import database_path, is_embedded

PRIVATE = 0o600
"""Permissions: everything that anybody wrote is in a backup, and the key to every link."""


def back_up(config: Config, file: Path) -> list[Path]:
    """Write the database to `file` and the secret beside it; returns both paths, once all is on the disk.

    Nothing stands under these names before it is whole and was read again, and nothing is overwritten. Raises
    `MailflowError`.
    """
    if not is_embedded(config):
        secret = config.mailflow.secret_file
        raise MailflowError(
            f"the database is on a PostgreSQL server: use pg_dump, and keep {secret} with it"
        )
    database, secrets = database_path(config), file.with_name(f"{file.name}.secret")
    if not database.exists():
        raise MailflowError(f"there is nothing to back up: {database} does not exist yet")
    for there in (file, secrets):
        if there.exists():
            raise MailflowError(f"{there} exists already, and is not overwritten")
    _write(secrets, lambda part: shutil.copyfile(config.mailflow.secret_file, part))
    try:
        _write(file, lambda part: _copy(database, part))  # last: where it stands, all is there
    except BaseException:
        secrets.unlink()
        raise
    return [file, secrets]


def _write(file: Path, fill: Callable[[Path], object]) -> None:
    """Let a file be filled under another name, and give it its own once it is on the disk."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)  # of a backup that was interrupted
    os.close(os.open(part, os.O_CREAT | os.O_EXCL, PRIVATE))
    try:
        fill(part)
        _sync(part)
        part.rename(file)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    _sync(file.parent)


def _copy(database: Path, copy: Path) -> None:
    """The database as of now; what is written meanwhile waits for nobody. Raises `MailflowError`."""
    try:
        with closing(sqlite3.connect(database)) as source:
            source.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy)) as made:
            (found,) = made.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise MailflowError(f"{database} cannot be copied: {error}") from error
    if found != "ok":
        raise MailflowError(f"the copy of {database} is damaged: {found}")


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk: VACUUM INTO does not."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
