"""How often a visitor, or a link, may try: whoever honestly books is far below."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request

from mailflow.errors import TooMany

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

POSTS = 30
"""Of one address in a minute."""

FAILURES = 10
"""Of one link in a minute: what is pressed again and again, and comes to nothing."""

BOOKINGS = 20
"""Of one address in an hour, on the public pages: each takes a host's time, and is a mail to whoever was named."""

SITE_BITS = 64
"""An IPv6 network of this prefix is one visitor: its addresses cost nothing (RFC 6177)."""


class Limits:
    """Counts what came from where. Nothing of it outlives its window, or the process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._posts = Allowance(POSTS, MINUTE, clock)
        self._failures = Allowance(FAILURES, MINUTE, clock)
        self._bookings = Allowance(BOOKINGS, HOUR, clock)

    def admit(self, request: Request) -> None:
        """Count a request that would change something; raises `TooMany`."""
        if visitor := _visitor(request):
            self._failures.check(_link(request))
            self._posts.check(visitor)
            if not _link(request):
                self._bookings.check(visitor)
            self._posts.count(visitor)

    def succeeded(self, request: Request) -> None:
        """Count what was done; by a link of ours it may be done as often as that link allows."""
        if (visitor := _visitor(request)) and not _link(request):
            self._bookings.count(visitor)

    def failed(self, request: Request) -> None:
        """Count that a request with a link of ours came to nothing."""
        if _visitor(request):
            self._failures.count(_link(request))


class Allowance:
    """What each key may do in a window of time; the windows follow one another, the same for all keys."""

    def __init__(self, most: int, window: timedelta, clock: Callable[[], datetime]) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._began = clock()
        self._counted: Counter[str] = Counter()

    def check(self, key: str) -> None:
        """Raises `TooMany` for a key that has used all of it."""
        gone = self._clock() - self._began
        if not timedelta(0) <= gone < self._window:
            self._began += gone
            self._counted.clear()
        elif self._counted[key] >= self._most:
            raise TooMany(self._window - gone)

    def count(self, key: str) -> None:
        """One more for this key; without a key nothing is counted."""
        if key:
            self._counted[key] += 1


def _visitor(request: Request) -> str | None:
    """Who is to be counted: none for a program on this machine, which no proxy speaks for."""
    try:
        address = ip_address(request.client.host) if request.client else None
    except ValueError:
        return "unknown"  # what a proxy said is no address: all of those are one visitor
    if address is None or (address.is_loopback and "x-forwarded-for" not in request.headers):
        return None
    if isinstance(address, IPv6Address):
        return str(ip_network((address, SITE_BITS), strict=False))
    return str(address)


def _link(request: Request) -> str:
    """The personal link that was followed; the public pages are everybody's."""
    token: str = request.path_params.get("token", "")
    return token
