"""Foreign text as a calendar may carry it."""

import re

# Unicode's Cc and Cs, but for the tab.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")


def lines(text: str) -> str:
    """`text` without control characters; what anybody takes for the end of a line is a newline."""
    return "\n".join(_CONTROL.sub("", each) for each in text.splitlines())


def line(text: str) -> str:
    """`text` in one line, without control characters and outer blanks."""
    return lines(text).replace("\n", " ").strip()
