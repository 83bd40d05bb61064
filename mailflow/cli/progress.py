"""How far a command is that takes its time: a bar on a terminal, else a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mailflow.cli.screen import errors

Advance = Callable[[int, int], object]
"""Told of each step: how much more of the whole is done, and how many more things that was."""


@contextmanager
def progress(whole: int, things: str, *, line_after: int) -> Iterator[Advance]:
    """Says how far it is, by the number of `things`; without a terminal, once in `line_after` of them."""
    if errors.is_terminal:
        with _bar(whole, things) as advance:
            yield advance
        return
    number = 0

    def say_now_and_then(_: int, more: int) -> None:
        nonlocal number
        before, number = number, number + more
        if number // line_after > before // line_after:
            errors.print(f"{number} {things} …")

    yield say_now_and_then


@contextmanager
def _bar(whole: int, things: str) -> Iterator[Advance]:
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[number]:,} {task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task(things, total=whole, number=0)

        def advance(done: int, more: int) -> None:
            number = bar.tasks[0].fields["number"] + more
            bar.update(task, advance=done, number=number)

        yield advance
