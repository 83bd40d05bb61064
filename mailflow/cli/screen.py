"""What the commands write: JSON for programs, tables for people, and plain lines into a pipe."""

import json
import sys
import textwrap
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mailflow.mail.text.cleaning import clean_line, clean_text, mark_hidden

# What others wrote is shown as it stands: nothing in it is markup, an emoji's name or a number.
console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
errors = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, stderr=True)


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON document, in ASCII: it is the same in every locale."""
    sys.stdout.write(json.dumps(value, indent=indent) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], nothing: str) -> None:
    """Rows under their headings; into a pipe one line for each, its cells parted by tabs."""
    lines = [[clean_line(str(cell)) for cell in row] for row in rows]
    if not lines:
        errors.print(nothing, style="dim")
    elif console.is_terminal:
        table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for line in lines:
            table.add_row(*(Text(cell) for cell in line))
        console.print(table, soft_wrap=False)
    else:
        sys.stdout.writelines("\t".join(line) + "\n" for line in lines)


def print_line(text: str, style: str = "", *, indent: int = 0) -> None:
    """One line, whatever it quotes."""
    console.print(Text(" " * indent + clean_line(text), style))


def print_text(text: str, *, indent: int) -> None:
    """Lines as they were written, moved in; only a terminal's width breaks them."""
    shown = clean_text(text).strip("\n")
    if console.is_terminal:
        console.print(Padding(Text(shown), (0, 0, 0, indent)), soft_wrap=False)
    else:
        sys.stdout.write(textwrap.indent(shown, " " * indent) + "\n")


def heading(text: str) -> None:
    """A line that begins something."""
    if console.is_terminal:
        console.print(Rule(Text(clean_line(text), "bold"), align="left", style="dim"))
    else:
        console.print(clean_line(text))


def panel(title: str, lines: Iterable[str]) -> None:
    """Lines in a frame, each cut at its edge; in a pipe they follow their title."""
    if not console.is_terminal:
        heading(title)
        for line in lines:
            print_line(line, indent=2)
        return
    text = Text("\n".join(mark_hidden(line) for line in lines), no_wrap=True, overflow="ellipsis")
    frame = Panel(text, title=Text(clean_line(title)), title_align="left", border_style="dim")
    console.print(frame, soft_wrap=False)


def local_time(written: str, zone: str) -> str:
    """An instant of JSON as the clock of a zone has it: `2026-12-01 11:00 CET`."""
    return f"{datetime.fromisoformat(written).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
