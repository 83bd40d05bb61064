"""The lines by which a host tells mailflow to do something: `/offer coaching next week`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mailflow.phrases import said

COMMANDS = {
    "/offer TYPE": said(
        "offer the next free times of that appointment type to everybody in the conversation"
    ),
    "/offer TYPE ADDRESS": said("the same, for one person alone to choose"),
    "/offer TYPE next week": said("times of a date, a weekday, `this week` or `next week`"),
    "/offer TYPE 2026-12-01T10:00": said("exactly these times, also outside your hours"),
    "/cancel": said("cancel the coming appointment of this conversation"),
    "/move 2026-12-01T10:00": said("move it to that time; `/move` alone offers other times"),
    "/note TEXT": said("a note for yourself: kept, not passed on"),
    "/who": said("who is in this conversation"),
    "/close": said("this conversation is done: its offers end, a later mail opens it again"),
    "/leave": said("no more copies of this conversation to you"),
}
"""Each form with its meaning, as the help says it."""

NAMES = tuple(dict.fromkeys(form.split()[0][1:] for form in COMMANDS))

FIRST_LINES = 10
"""Commands stand among the first ten lines: further down they are part of what is told."""

_COMMAND = re.compile(r"/([A-Za-z][\w-]*)(?:\s+(.*))?")


@dataclass(frozen=True, slots=True)
class Order:
    """One command as it was written; `name` may be none that we know."""

    name: str
    words: str
    line: str

    @property
    def known(self) -> bool:
        return self.name in NAMES

    @property
    def nearest(self) -> str | None:
        """The form that was probably meant."""
        close = get_close_matches(self.name, NAMES, n=1, cutoff=0.5)
        return next((form for form in COMMANDS if close and form.startswith(f"/{close[0]}")), None)


@dataclass(frozen=True, slots=True)
class Told:
    """What a text says: commands, and the rest without them."""

    orders: Sequence[Order]
    rest: str

    @property
    def lines(self) -> list[str]:
        """The command lines, as they stand in the text."""
        return [order.line for order in self.orders]


def read_commands(text: str) -> Told:
    """The commands of what a person wrote, each on a line of its own among the first ten."""
    orders, rest = [], []
    for number, line in enumerate(text.splitlines()):
        match = _COMMAND.fullmatch(line.strip()) if number < FIRST_LINES else None
        if match is None:
            rest.append(line)
        else:
            orders.append(Order(match[1].lower(), (match[2] or "").strip(), line.strip()))
    return Told(orders, "\n".join(rest).strip())
