"""Arguments that several commands share, and what makes one wrong usage."""

from datetime import UTC, date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from mailflow.appointments.narrowing import parse_time
from mailflow.config.notation import read_duration
from mailflow.mail.addresses import is_address
from mailflow.service import Role

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document, for a program.")]

YEARS = range(1970, 2200)
"""Of a day: no clock and no zone is at home outside."""


LEAST_AGE = timedelta(days=1)


def check_day(text: str | None) -> str | None:
    """A day as people and JSON write it."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-12-01") from None
    if day.year not in YEARS:
        raise typer.BadParameter(f"{text} is too far away")
    return text


def check_time(text: str | None) -> str | None:
    """A time that can be read; in which zone it is, the command finds out."""
    if text is not None and parse_time(text, ZoneInfo(str(UTC))) is None:
        raise typer.BadParameter(f"{text!r} is no time; write it like 2026-12-01T10:00")
    return text


def check_times(texts: list[str] | None) -> list[str]:
    """Several times, each of which can be read."""
    for text in texts or []:
        check_time(text)
    return texts or []


def check_age(text: str) -> str:
    """A time that has passed since, as the configuration writes durations; a day at least."""
    try:
        age = read_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"expected {error}") from None
    if age < LEAST_AGE:
        raise typer.BadParameter(f"{text} is no age: a day is the least")
    return text


def check_roles(text: str) -> str:
    """What a process does, each once named is enough."""
    unknown = set(text.split(",")) - set(Role)
    if unknown:
        known = ", ".join(Role)
        raise typer.BadParameter(f"{', '.join(sorted(unknown))!r} is none of {known}")
    return text


def check_addresses(texts: list[str] | None) -> list[str]:
    """Mail addresses that can be written to."""
    for text in texts or []:
        if not is_address(text):
            raise typer.BadParameter(f"{text!r} is no mail address")
    return texts or []
