"""Commands that act: each writes its rows in one transaction, and a running `serve` takes them up."""

from typing import Annotated

import typer

from mailflow.cli.arguments import check_addresses, check_time, check_times
from mailflow.cli.opening import transact
from mailflow.cli.screen import print_line
from mailflow.conversations import by_hand, held
from mailflow.post import outbox

Number = Annotated[int, typer.Argument(metavar="ID")]
BookingId = Annotated[str, typer.Argument(metavar="BOOKING")]


def offer(
    context: typer.Context,
    conversation: Annotated[str, typer.Argument(metavar="CONVERSATION")],
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="Slug of an appointment type.")],
    at: Annotated[
        list[str] | None,
        typer.Option(callback=check_times, metavar="TIME", help="Offer exactly this time."),
    ] = None,
) -> None:
    """Offer times in a conversation: the next free ones, or those named with --at."""
    print_line(transact(context, by_hand.offer_times, conversation, kind, at or []).id)


def send(
    context: typer.Context,
    handle: Annotated[str, typer.Argument(metavar="HANDLE", help="The host who writes.")],
    to: Annotated[
        list[str],
        typer.Option(callback=check_addresses, metavar="ADDRESS", help="Clients; repeatable."),
    ],
    subject: Annotated[str, typer.Option()],
    text: Annotated[str, typer.Option()],
    more: Annotated[
        list[str] | None,
        typer.Argument(
            callback=check_addresses,
            metavar="ADDRESS",
            help="More clients, as in --to ADDRESS ADDRESS.",
        ),
    ] = None,
) -> None:
    """Start a conversation with clients; prints its id."""
    clients = [*to, *(more or [])]
    print_line(transact(context, by_hand.begin, handle, clients, subject, text).id)


def cancel(context: typer.Context, booking: BookingId) -> None:
    """Cancel a booking; everybody is told."""
    transact(context, by_hand.cancel_booking, booking)
    print_line(f"{booking} is cancelled")


def move(
    context: typer.Context,
    booking: BookingId,
    time: Annotated[
        str, typer.Argument(callback=check_time, metavar="TIME", help="In the host's zone.")
    ],
) -> None:
    """Move a booking to a time that is free; everybody is told."""
    moved = transact(context, by_hand.move_booking, booking, time)
    print_line(f"{booking} is at {moved.start:%Y-%m-%dT%H:%M}Z")


def retry(context: typer.Context, ident: Number) -> None:
    """Send a copy again now."""
    transact(context, outbox.retry, ident)
    print_line(f"{ident} is queued")


def release(context: typer.Context, ident: Number) -> None:
    """Let a held mail through, as the host's `yes` does."""
    transact(context, held.release, ident)
    print_line(f"{ident} is released")


def drop(context: typer.Context, ident: Number) -> None:
    """Drop a held mail, as the host's `no` does."""
    transact(context, held.drop, ident)
    print_line(f"{ident} is dropped")
