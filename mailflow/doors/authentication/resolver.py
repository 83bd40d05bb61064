"""Asks name servers, within a limit of time for each mail."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import dns.exception
import dns.name
import dns.resolver

Kind = Literal["A", "AAAA", "MX", "PTR", "TXT"]
Lookup = Callable[[str, Kind], Sequence[str]]
"""The records of a name as text (of MX the servers), none if there are none.

Raises TimeoutError where that cannot be found out for now.
"""

TIME = 6.0
"""Seconds for all that is asked about one mail: others wait behind it."""

TIME_EACH = 3.0
"""Seconds for one question, so that a domain with a dead server leaves time for another."""

# An SPF record of the longest kind has half of it. The readers of such texts take quadratic time.
MAX_TEXT = 4_096

_TEXTS: Mapping[Kind, Callable[[Any], str]] = {
    "A": lambda record: str(record.address),
    "AAAA": lambda record: str(record.address),
    "MX": lambda record: str(record.exchange.to_text(omit_final_dot=True)),
    "PTR": lambda record: str(record.target.to_text(omit_final_dot=True)),
    "TXT": lambda record: b"".join(record.strings).decode("latin-1"),
}


def limited_lookup(
    resolver: dns.resolver.Resolver | None = None, *, total: float = TIME, each: float = TIME_EACH
) -> Lookup:
    """A lookup for one mail, within seconds; it asks the servers of this machine, or `resolver`."""
    deadline = time.monotonic() + total

    def lookup(name: str, kind: Kind) -> Sequence[str]:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no time left to ask for {kind} of {name}")
        try:
            absolute = _absolute(name)
        except (dns.exception.DNSException, UnicodeError):
            return ()  # a name that cannot be: strangers write them
        return _ask(resolver, absolute, kind, min(left, each))

    return lookup


def _ask(
    resolver: dns.resolver.Resolver | None, name: dns.name.Name, kind: Kind, seconds: float
) -> Sequence[str]:
    try:
        asked = resolver or dns.resolver.get_default_resolver()
        answer = asked.resolve(name, kind, lifetime=seconds, raise_on_no_answer=False, search=False)
    except dns.resolver.NXDOMAIN:
        return ()
    except (dns.exception.DNSException, OSError) as error:
        raise TimeoutError(f"{kind} of {name}: {error}") from error
    texts = map(_TEXTS[kind], answer.rrset or ())
    return [text for text in texts if len(text) <= MAX_TEXT]


def _absolute(name: str) -> dns.name.Name:
    # Label by label: a backslash would begin an escape.
    labels = name.removesuffix(".").split(".")
    return dns.name.Name([*(label.encode("ascii") for label in labels), b""])
