"""One conversation as a good mail client shows it."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from mailflow.appointments.listing import Facts
from mailflow.cli.arguments import AsJson
from mailflow.cli.opening import look
from mailflow.cli.screen import console, heading, local_time, print_json, print_line, print_text
from mailflow.conversations.showing import conversation_facts

INDENT = 2


def show(
    context: typer.Context,
    ident: Annotated[str, typer.Argument(metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """One conversation: who is in it, what was written, offered and booked."""
    found = look(context, conversation_facts, ident)
    if as_json:
        print_json(found)
        return
    zone = found["zone"]
    _print_people(found)
    offers = {offer["message_id"]: offer for offer in found["offers"]}
    for message in found["messages"]:
        _print_message(message, zone, offers.get(message["message_id"]))
    for booking in found["bookings"]:
        _print_booking(booking, zone)


def _print_people(found: Facts) -> None:
    print_line(found["subject"] or "(no subject)", "bold")
    closed = ", closed" if found["closed"] else ""
    zone = ZoneInfo(found["zone"])
    print_line(f"conversation {found['id']} of {found['host']}{closed}; times in {zone}", "dim")
    for person in found["participants"]:
        standing = "" if person["standing"] == "active" else f", {person['standing']}"
        name = f"{person['name']} " if person["name"] else ""
        print_line(f"{name}<{person['address']}> {person['role']}{standing}", indent=INDENT)


def _print_message(message: Facts, zone: str, offer: Facts | None) -> None:
    console.print()
    who = message["name"] or message["from"]
    kind = "" if message["kind"] == "message" else f", {message['kind']}"
    heading(f"{who}, {local_time(message['date'], zone)}{kind}")
    print_text(message["text"], indent=INDENT)
    if offer:
        state = offer["state"]
        until = f" until {local_time(offer['expires'], zone)}" if state == "open" else ""
        print_line(f"offer {offer['id']}: {state}{until}", "bold", indent=INDENT)


def _print_booking(booking: Facts, zone: str) -> None:
    console.print()
    heading(f"{booking['status']} {booking['type']}, {local_time(booking['start'], zone)}")
    changes = f", changed {booking['sequence']} times" if booking["sequence"] else ""
    print_line(f"booking {booking['id']} of {booking['client']}{changes}", indent=INDENT)
    for attendee in booking["attendees"]:
        print_line(f"{attendee['address']} {attendee['partstat'].lower()}", indent=INDENT)
