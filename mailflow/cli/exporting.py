"""`export`: everything out again, as mbox for mail programs or as JSON for others."""

import re
import sys
from datetime import UTC
from enum import StrEnum
from typing import Annotated

import typer

from mailflow.cli.opening import opened
from mailflow.cli.screen import print_json
from mailflow.conversations.archive import ArchivedMail, archived_mails
from mailflow.conversations.showing import conversation_facts, conversation_ids
from mailflow.mail.envelope import is_mailbox

_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)


class Form(StrEnum):
    """What `export` writes."""

    MBOX = "mbox"
    JSON = "json"


def export(
    context: typer.Context,
    ident: Annotated[str | None, typer.Argument(metavar="[ID]", help="Default: all.")] = None,
    form: Annotated[Form, typer.Option("--format")] = Form.MBOX,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
) -> None:
    """Everything out again: all mails as one mbox, or one conversation a line as JSON."""
    with opened(context) as store:
        # One at a time: all of them together may be more than the memory.
        for one in [ident] if ident else store.read_now(conversation_ids):
            if as_json or form is Form.JSON:
                print_json(store.read_now(conversation_facts, one), indent=None)
                continue
            for mail in store.read_now(archived_mails, one):
                sys.stdout.buffer.write(mbox_entry(mail))


def mbox_entry(mail: ArchivedMail) -> bytes:
    """One mail of an mbox file (RFC 4155), its lines quoted so that they can be read back: mboxrd."""
    sender = mail.sender if is_mailbox(mail.sender) else "MAILER-DAEMON"
    start = f"From {sender} {mail.at.astimezone(UTC).ctime()}\n".encode("ascii")
    content = _FROM_LINE.sub(rb">\1", mail.raw.replace(b"\r\n", b"\n"))
    return start + content + (b"\n" if content.endswith(b"\n") else b"\n\n")
