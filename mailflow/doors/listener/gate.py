"""How many connections are open, and who may open one more."""

import ipaddress
from collections import Counter
from collections.abc import Callable, Sequence

from mailflow.config import Network
from mailflow.doors.listener.limits import Limits

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_WINDOW = 60.0  # seconds over which what is rare is counted
# How much of an address, in bytes, tells one peer and one network. Whoever has one IPv6 address has
# all of its /64, and a /48 for the asking.
_IPV4 = (4, 3)
_IPV6 = (8, 6)


def read_address(text: str) -> Address:
    """The address of a peer; an IPv4 address in IPv6 clothes is that IPv4 address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


class Gate:
    """Counts connections and guesses: by address and network, except for loopback and the `trusted`.

    `clock` gives seconds, and does not go back.
    """

    def __init__(
        self, limits: Limits, trusted: Sequence[Network], clock: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._trusted = tuple(trusted)
        self._clock = clock
        self._open: Counter[bytes] = Counter()
        self._begun: Counter[bytes] = Counter()
        self._guesses: Counter[bytes] = Counter()
        self._window = 0

    def admit(self, peer: Address) -> bool:
        """Whether `peer` may have one more connection. If so, it counts until `release`."""
        if self._is_exempt(peer):
            return True
        self._turn_window()
        address, network = _blocks(peer)
        self._begun.update((address, network))
        if self._is_too_much(address, network):
            return False
        self._open.update((address, network))
        return True

    def release(self, peer: Address) -> None:
        """A connection that was admitted has ended."""
        if self._is_exempt(peer):
            return
        for block in _blocks(peer):
            self._open[block] -= 1
            if not self._open[block]:
                del self._open[block]

    def guessed(self, peer: Address) -> bool:
        """Counts a recipient that does not exist; whether `peer` has now tried too many."""
        if self._is_exempt(peer):
            return False
        self._turn_window()
        address, _ = _blocks(peer)
        self._guesses[address] += 1
        return self._guesses[address] > self._limits.guesses

    def _turn_window(self) -> None:
        window = int(self._clock() // _WINDOW)
        if window != self._window:
            self._window = window
            self._begun.clear()
            self._guesses.clear()

    def _is_exempt(self, peer: Address) -> bool:
        return peer.is_loopback or any(peer in network for network in self._trusted)

    def _is_too_much(self, address: bytes, network: bytes) -> bool:
        limits = self._limits
        return (
            self._open[address] >= limits.connections_per_address
            or self._open[network] >= limits.connections_per_network
            or self._begun[address] > limits.connections_per_minute
            or self._begun[network] > limits.connections_per_minute_and_network
            or self._guesses[address] > limits.guesses
        )


def _blocks(peer: Address) -> tuple[bytes, bytes]:
    address, network = _IPV4 if isinstance(peer, ipaddress.IPv4Address) else _IPV6
    return peer.packed[:address], peer.packed[:network]
