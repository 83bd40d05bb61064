"""`prune`: what is old goes for good."""

from collections import Counter
from typing import Annotated

import typer

from mailflow.cli.arguments import AsJson, check_age
from mailflow.cli.opening import opened
from mailflow.cli.progress import progress
from mailflow.cli.screen import print_json, print_line
from mailflow.config.notation import read_duration
from mailflow.conversations.pruning import Age, Counts, number_of_silent, prune

LINE_AFTER = 10_000
"""Conversations after which a line tells how far it is, where no terminal shows it all the time."""

KINDS = ("conversations", "messages", "bookings", "mails", "copies", "questions", "blobs")


def prune_old(
    context: typer.Context,
    older_than: Annotated[
        str, typer.Option(callback=check_age, metavar="AGE", help="Such as 365d; 1d at least.")
    ],
    host: Annotated[
        str | None, typer.Option(metavar="HANDLE", help="Only what is this host's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove conversations that were silent for so long, with all that belongs to them. Safe to stop, and to repeat."""
    gone: Counts = Counter()
    with opened(context) as store:
        house = store.house
        handle = house.config.host(host).handle if host else None
        age = Age(house.clock() - read_duration(older_than), handle, dry_run)
        whole = store.read_now(number_of_silent, age)
        try:
            with progress(whole, "conversations", line_after=LINE_AFTER) as advance:
                for some in prune(store.run_now, age):
                    gone += some
                    advance(some["conversations"], some["conversations"])
        finally:  # also of one that is stopped: what is counted is gone
            _tell(gone, as_json=as_json, dry_run=dry_run)


def _tell(gone: Counts, *, as_json: bool, dry_run: bool) -> None:
    kinds = [kind for kind in KINDS if kind != "blobs" or not dry_run]
    if as_json:
        print_json({kind: gone[kind] for kind in kinds})
        return
    counted = ", ".join(f"{gone[kind]} {kind}" for kind in kinds)
    print_line(f"{'would go' if dry_run else 'gone'}: {counted}")
