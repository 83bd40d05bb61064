"""Commands that look: each shows what it found, or with --json says it to a program."""

from datetime import date, datetime
from typing import Annotated

import typer

from mailflow.appointments import listing
from mailflow.appointments.listing import Explanation, FreeTimes, in_utc
from mailflow.cli.arguments import AsJson, check_day, check_time
from mailflow.cli.opening import look, read_calendars
from mailflow.cli.screen import local_time, print_json, print_line, print_table
from mailflow.conversations import held, showing, tracing
from mailflow.wording import when, zone_name


def conversations(
    context: typer.Context,
    search: Annotated[
        str | None,
        typer.Option(
            metavar="WORDS",
            help="Those alone in which all these words stand, or begin one:"
            ' subject, people, text. "Words in quotes" stand together.',
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """All conversations, the one with the latest message first."""
    found = look(context, showing.conversation_list, search)
    if as_json:
        print_json(found)
        return
    columns = ("id", "host", "last", "mails", "subject", "people")
    rows = [
        (
            one["id"],
            one["host"],
            local_time(one["last"], one["zone"]),
            one["count"],
            one["subject"],
            ", ".join(one["people"]),
        )
        for one in found
    ]
    nothing = (
        "There are no conversations." if search is None else "No conversation has these words."
    )
    print_table(columns, rows, nothing)


def bookings(context: typer.Context, as_json: AsJson = False) -> None:
    """All bookings, in the order of their times."""
    found = look(context, listing.all_bookings)
    if as_json:
        print_json(found)
        return
    columns = ("id", "when", "status", "type", "client", "conversation")
    rows = [
        (
            one["id"],
            local_time(one["start"], one["zone"]),
            one["status"],
            one["type"],
            one["client"],
            one["conversation"] or "-",
        )
        for one in found
    ]
    print_table(columns, rows, "There are no bookings.")


def queue(context: typer.Context, as_json: AsJson = False) -> None:
    """The copies that were not sent: those that wait, and those that were given up."""
    if context.invoked_subcommand:
        return
    found = look(context, showing.unsent)
    if as_json:
        print_json(found)
        return
    columns = ("id", "state", "tries", "due", "recipient", "subject", "detail")
    rows = [
        (
            one["id"],
            one["state"],
            one["attempts"],
            one["due"] or "-",
            one["recipient"],
            one["subject"],
            one["detail"],
        )
        for one in found
    ]
    print_table(columns, rows, "Everything has been sent.")


def held_mails(context: typer.Context, as_json: AsJson = False) -> None:
    """The mails that are held, each with the reason."""
    if context.invoked_subcommand:
        return
    found = look(context, held.held_mails)
    if as_json:
        print_json(found)
        return
    columns = ("id", "at", "state", "from", "subject", "message id", "reason")
    keys = ("id", "at", "state", "from", "subject", "message_id", "reason")
    rows = [[one[key] for key in keys] for one in found]
    print_table(columns, rows, "No mail is held.")


def why(
    context: typer.Context,
    message_id: Annotated[
        str, typer.Argument(metavar="MESSAGE-ID", help="With or without its angle brackets.")
    ],
    as_json: AsJson = False,
) -> None:
    """Which rule placed, held or dropped a mail."""
    found = look(context, tracing.why, message_id)
    if as_json:
        print_json(found)
        return
    for one in found:
        where = f" in conversation {one['conversation']}" if one["conversation"] else ""
        print_line(f"{one['state']}{where}: {one['rule']}")


def slots(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="Slug of an appointment type.")],
    first: Annotated[
        str | None,
        typer.Option("--from", callback=check_day, metavar="DATE", help="Default: today."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days.")] = 14,
    explain: Annotated[
        str | None,
        typer.Option(callback=check_time, metavar="TIME", help="Why it is free, or isn't."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Free slots of an appointment type, in its host's zone."""
    read_calendars(context, kind)
    if explain is not None:
        _explain(look(context, listing.explain, kind, explain), as_json)
        return
    free = look(
        context, listing.free_times, kind, date.fromisoformat(first) if first else None, days
    )
    if as_json:
        print_json([{"start": in_utc(one.start), "end": in_utc(one.end)} for one in free.slots])
    else:
        _print_slots(free)


def _print_slots(free: FreeTimes) -> None:
    rows = [
        (f"{one.start.astimezone(free.zone):%a %Y-%m-%d}", _clock(one.start, free))
        for one in free.slots
    ]
    print_table(("day", f"start ({free.zone.key})"), rows, "No time is free.")


def _clock(instant: datetime, free: FreeTimes) -> str:
    return f"{instant.astimezone(free.zone):%H:%M %Z}"


def _explain(found: Explanation, as_json: bool) -> None:
    if as_json:
        slot = {"start": in_utc(found.slot.start), "end": in_utc(found.slot.end)}
        print_json({**slot, "free": not found.reasons, "reasons": list(found.reasons)})
        return
    start = found.slot.start
    said = f"{when(start, found.zone)} ({zone_name(found.zone, start)})"
    print_line(f"{said} is {'not free:' if found.reasons else 'free.'}")
    for reason in found.reasons:
        print_line(reason, indent=2)
