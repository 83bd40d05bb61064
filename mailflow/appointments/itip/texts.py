"""Foreign text as a calendar may carry it."""

import unicodedata


def lines(text: str) -> str:
    """`text` without control characters; what anybody takes for the end of a line is a newline."""
    return "\n".join(
        "".join(c for c in each if c == "\t" or unicodedata.category(c) not in ("Cc", "Cs"))
        for each in text.splitlines()
    )


def line(text: str) -> str:
    """`text` in one line, without control characters and outer blanks."""
    return lines(text).replace("\n", " ").strip()
