"""`backup`: everything that cannot be made anew, while mailflow serves."""

from pathlib import Path
from typing import Annotated

import typer

from mailflow.cli.opening import configured_house
from mailflow.cli.screen import print_line
from mailflow.store import back_up


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What is there is not overwritten.")],
) -> None:
    """Copy the database to FILE, and the secret to FILE.secret; prints both names."""
    for written in back_up(configured_house(context).config, file):
        print_line(str(written))
