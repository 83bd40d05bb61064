"""How many connections are open, and who may open one more."""

import ipaddress
from collections import Counter
from collections.abc import Sequence

from mailflow.config import Network
from mailflow.doors.listener.limits import Limits

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_WINDOW = 60.0  # seconds over which new connections are counted
_IPV6_SITE = 64  # prefix length: whoever has one IPv6 address has all of its /64


def read_address(text: str) -> Address:
    """The address of a peer; an IPv4 address in IPv6 clothes is that IPv4 address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class Gate:
    """Counts connections: in all, and by address except for loopback and the `trusted` networks.

    Times are seconds of any clock that does not go back.
    """

    def __init__(self, limits: Limits, trusted: Sequence[Network]) -> None:
        self._limits = limits
        self._trusted = tuple(trusted)
        self._open: Counter[Network] = Counter()
        self._begun: Counter[Network] = Counter()
        self._window = 0

    def admit(self, peer: Address, now: float) -> bool:
        """Whether `peer` may come in. If so, it counts until `release`."""
        site = _site(peer)
        self._count_attempt(site, now)
        if self._open.total() >= self._limits.connections:
            return False
        if not self._is_exempt(peer) and self._is_too_much(site):
            return False
        self._open[site] += 1
        return True

    def release(self, peer: Address) -> None:
        """A connection that was admitted has ended."""
        site = _site(peer)
        self._open[site] -= 1
        if not self._open[site]:
            del self._open[site]

    def _count_attempt(self, site: Network, now: float) -> None:
        window = int(now // _WINDOW)
        if window != self._window:
            self._window = window
            self._begun.clear()
        self._begun[site] += 1

    def _is_exempt(self, peer: Address) -> bool:
        return peer.is_loopback or any(peer in network for network in self._trusted)

    def _is_too_much(self, site: Network) -> bool:
        return (
            self._open[site] >= self._limits.connections_per_address
            or self._begun[site] > self._limits.connections_per_minute
        )


def _site(peer: Address) -> Network:
    if isinstance(peer, ipaddress.IPv6Address):
        return ipaddress.IPv6Network((peer, _IPV6_SITE), strict=False)
    return ipaddress.IPv4Network(peer)
