"""What a copy changes in a plain text: commands cut at its top, a footer at its end."""

import re
from collections.abc import Collection, Sequence

COMMAND_LINES = 10
"""Commands count among the first ten lines that are not empty."""

_STUFFED = re.compile(r"^(?= |>|From )", re.MULTILINE)


def squeezed(text: str) -> str:
    """`text` without white space: what stays the same however a client wrapped or indented it."""
    return "".join(text.split())


def without_lines(text: str, commands: Collection[str]) -> str:
    """`text` without those of its first ten lines that are one of the `commands` (squeezed)."""
    lines = text.splitlines(keepends=True)
    kept: list[str] = []
    at = filled = 0
    while at < len(lines) and filled < COMMAND_LINES:
        is_filled = not lines[at].isspace()
        length = _command_length(lines, at, commands) if is_filled else 0
        filled += is_filled
        if not length:
            kept.append(lines[at])
        at += length or 1
    left = "".join([*kept, *lines[at:]])
    return left if left == text else left.lstrip("\n")


def with_footer(text: str, footer: str, *, flowed: bool) -> str:
    """`text`, an empty line, `footer`, each line of which stays a line in flowed text as well."""
    lines = "\n".join(line.rstrip() for line in footer.strip().splitlines())
    if flowed:
        lines = _STUFFED.sub(" ", lines)  # RFC 3676, section 4.4
    return f"{text.rstrip()}\n\n{lines}\n".lstrip("\n")


def _command_length(lines: Sequence[str], start: int, commands: Collection[str]) -> int:
    """How many lines the command has that begins at `start`: clients wrap a long one."""
    seen = ""
    for at in range(start, len(lines)):
        seen += squeezed(lines[at])
        if seen in commands:
            return at + 1 - start
        if not seen or not any(command.startswith(seen) for command in commands):
            break
    return 0
