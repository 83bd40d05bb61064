"""`demo`: the whole story on loopback, over real SMTP and HTTP, shown as it happens."""

import asyncio
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from mailflow.cli.demo_stage import Stage, built
from mailflow.cli.demo_story import plain_text, play
from mailflow.cli.screen import console, panel, print_line
from mailflow.cli.serving import run_until_stopped

PACE = 1.5
"""Seconds between the steps, so that people can follow."""

SHOWN_LINES = 10
"""Of a mail's text, those that are no blanks."""


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
) -> None:
    """See the whole story in a minute: a client writes, the host offers, the client books."""
    with TemporaryDirectory(prefix="mailflow-demo-") as folder:
        run_until_stopped(_demo(Path(folder), once))


async def _demo(folder: Path, once: bool) -> None:
    async def tell(step: str) -> None:
        if not once:
            await asyncio.sleep(PACE)
        console.print()
        print_line(step, "bold cyan")

    print_line("A mailflow on this machine alone, with throw-away data.", "bold")
    print_line("It believes every sender (authentication mode “none”), as no real one should.")
    async with built(folder, show_mail) as stage:
        link = await play(stage, tell)
        if not once:
            _tell_the_end(stage, link)
            await asyncio.Event().wait()


def show_mail(mail: EmailMessage) -> None:
    """A mail in short: who, to whom, what about, and how it begins."""
    fields = [f"{name}: {mail[name]}" for name in ("From", "To", "Subject")]
    lines = [line for line in plain_text(mail).splitlines() if line.strip()]
    more = ["…"] if len(lines) > SHOWN_LINES else []
    files = [f"[{name}]" for part in mail.iter_attachments() if (name := part.get_filename())]
    panel(f"mail to {mail['To']}", [*fields, "", *lines[:SHOWN_LINES], *more, *files])


def _tell_the_end(stage: Stage, link: str) -> None:
    console.print()
    print_line("That was it. Now you:", "bold cyan")
    for label, place in (
        ("Dana's page, where anybody can book:", f"{stage.site}/dana/coaching"),
        ("A time of the second offer, which is still free:", link),
        ("All mails, to open in a mail client:", str(stage.postbox.folder)),
    ):
        print_line(label)
        print_line(place, "bold", indent=2)
    print_line("Ctrl-C ends it, and removes everything.", "dim")
