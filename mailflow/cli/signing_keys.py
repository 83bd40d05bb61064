"""`init --dkim`: a key to sign mail with, and what to write into DNS and the configuration for it."""

import os
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from mailflow.cli.screen import print_line
from mailflow.mail.wire.signing import Signer, new_key

SELECTOR = "mailflow{number}"
"""Each key has a selector of its own, so that an old record can stay while mail signed with it is under way."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A fresh key in a file, and under what name it will be known."""

    file: Path
    signer: Signer


def make_key(folder: Path, domain: str) -> MadeKey:
    """A key beside those that are there; none of them is touched."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = new_key()
    for number in count(1):
        selector = SELECTOR.format(number=number)
        file = folder / f"dkim-{selector}.pem"
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(pem)
        return MadeKey(file, Signer.read(domain, selector, pem))
    raise AssertionError("numbers do not end")


def tell_record(made: MadeKey) -> None:
    """What to write into DNS."""
    print_line("Add this record to DNS, on one line; `mailflow check` compares it with the key:")
    print_line(f"{made.signer.name}. TXT {made.signer.record}")


def tell_keys(made: MadeKey, config: Path) -> None:
    """What to write into a configuration that is there already."""
    print_line(f"Once it can be looked up, have these two lines in [smarthost] of {config}:")
    print_line(f'dkim_selector = "{made.signer.selector}"')
    print_line(f'dkim_key_file = "{written_path(made.file, config.parent)}"')


def written_path(file: Path, folder: Path) -> str:
    """As the configuration names a file: from its own folder on, if it lies there."""
    inside = file.absolute().is_relative_to(folder.absolute())
    return str(file.absolute().relative_to(folder.absolute()) if inside else file.absolute())
