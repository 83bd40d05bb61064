"""The arguments of MAIL and RCPT (RFC 5321 section 4.1.2), in printable ASCII."""

import re
from collections.abc import Sequence

_ARGUMENT = re.compile(
    r"(?P<keyword>[A-Za-z]+): *<(?P<path>[ -~]*)>(?P<parameters>(?: +[!-;=?-~]+)*) *"
)
_SIZE = re.compile(r"[0-9]{1,20}")


def parse_path(keyword: str, argument: str | None) -> tuple[str, list[str]] | None:
    """The path, still unchecked, and the parameters of `KEYWORD:<path> PARAMETER...`, else None."""
    found = _ARGUMENT.fullmatch(argument or "")
    if found is None or found["keyword"].upper() != keyword:
        return None
    return found["path"], found["parameters"].split()


def refuse_mail_parameters(parameters: Sequence[str], max_size: int) -> str | None:
    """The reply that refuses a parameter of MAIL, or None.

    SIZE (RFC 1870), of at most `max_size` bytes, and BODY (RFC 6152) are known.
    """
    for parameter in parameters:
        match parameter.upper().partition("="):
            case ("BODY", "=", "7BIT" | "8BITMIME"):
                continue
            case ("SIZE", "=", size) if _SIZE.fullmatch(size):
                if int(size) > max_size:
                    return "552 5.3.4 message too big"
            case ("BODY" | "SIZE", _, _):
                return "501 5.5.4 parameter has a wrong value"
            case _:
                return "555 5.5.4 parameter not known"
    return None
