"""`copy-database`: from a file to a server, or back."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated

import typer

from mailflow import config
from mailflow.cli.arguments import AsJson
from mailflow.cli.opening import config_path
from mailflow.cli.progress import progress
from mailflow.cli.screen import print_json, print_table
from mailflow.store import copy_database

LINE_AFTER = 100_000
"""Rows after which a line tells how far it is, where no terminal shows it all the time."""

AS_CONFIGURED = "As `database.url` in the configuration: sqlite, or postgresql://USER@HOST/NAME."


def copy(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help=AS_CONFIGURED)],
    target: Annotated[str, typer.Argument(metavar="TO", help="The same; it must be empty.")],
    as_json: AsJson = False,
) -> None:
    """Everything of one database into another, compared row by row at the end. Safe to stop, and to repeat."""
    path = config_path(context)
    configs = [
        config.load(path, {**os.environ, "MAILFLOW_DATABASE__URL": url}) for url in (source, target)
    ]
    with ExitStack() as shown:

        def begin(rows: int) -> Callable[[int], object]:
            advance = shown.enter_context(progress(rows, "rows", line_after=LINE_AFTER))
            return lambda more: advance(more, more)

        copied = copy_database(configs[0], configs[1], begin)
    if as_json:
        print_json([{"table": one.table, "rows": one.rows, "digest": one.digest} for one in copied])
        return
    rows = ((one.table, one.rows, one.digest) for one in copied)
    print_table(("table", "rows", "digest"), rows, "nothing")
