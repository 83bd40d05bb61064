"""The command `mailflow`: its commands, and what an error comes to."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TextIO

import typer

from mailflow.cli import (
    acting,
    backing_up,
    checks,
    conversation_view,
    copying,
    demo,
    exporting,
    founding,
    importing,
    looking,
    pruning,
    serving,
)
from mailflow.errors import MailflowError
from mailflow.mail.text.cleaning import clean_line
from mailflow.store import DatabaseTrouble

app = typer.Typer(
    name="mailflow",
    help="Conversations and appointments by mail.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
queue = typer.Typer(invoke_without_command=True, callback=looking.queue)
held = typer.Typer(invoke_without_command=True, callback=looking.held_mails)

COMMANDS: tuple[Callable[..., None], ...] = (
    demo.demo,
    founding.init,
    checks.check,
    serving.serve,
    looking.conversations,
    conversation_view.show,
    looking.bookings,
    looking.slots,
    looking.why,
    acting.offer,
    acting.send,
    acting.cancel,
    acting.move,
    exporting.export,
    backing_up.backup,
)
for command in COMMANDS:
    app.command()(command)
app.command("prune")(pruning.prune_old)
app.command("import")(importing.import_archives)
app.command("copy-database")(copying.copy)
app.add_typer(queue, name="queue")
app.add_typer(held, name="held")
queue.command()(acting.retry)
held.command()(acting.release)
held.command()(acting.drop)


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(envvar="MAILFLOW_CONFIG", metavar="FILE", help="The configuration.")
    ] = Path("config.toml"),
) -> None:
    context.obj = config


def main() -> None:
    """Run the command line. Exit 0: done; 1: a failure, said in a line; 2: wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        _show_any_letter(stream)
    try:
        app()
    except MailflowError as error:
        _fail(str(error))
    except DatabaseTrouble as error:
        _fail(f"the database cannot be used: {clean_line(str(error))}")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}")


def _fail(text: str) -> None:
    typer.echo(text, err=True)
    sys.exit(1)


def _show_any_letter(stream: TextIO) -> None:
    """A letter that the terminal cannot show is no reason to stop."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
