"""How much of us one client, and all clients together, may take."""

import resource
from dataclasses import dataclass, replace

_RESERVED = 64  # descriptors for the database, the queue, the pages, and whoever is just sent away
_EACH = 2  # descriptors of a connection: itself, and the file of a big message


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, and times in seconds."""

    idle: float = 300.0  # without a command, or `progress` (RFC 5321 section 4.5.3.2.7)
    progress: int = 65_536  # bytes of a message that are as good as a command: 218 a second
    data: float = 1800.0  # a whole message: 25 MB at 14 KB a second
    session: float = 3600.0  # a whole session, whatever keeps it busy
    stop: float = 10.0  # for messages under way, when we stop
    recipients: int = 100  # of one message (RFC 5321 section 4.5.3.1.8)
    errors: int = 20  # commands refused for good, until we hang up
    commands: int = 500  # without a message that is taken, until we hang up
    connections: int = 1000  # open at a time
    waiting: int = 1000  # to be let in; one more would try again after a second
    connections_per_address: int = 20  # open at a time; an IPv6 /64 is one address
    connections_per_network: int = 60  # open at a time, from one IPv4 /24 or IPv6 /48
    connections_per_minute: int = 60  # begun in one minute, from one address
    connections_per_minute_and_network: int = 180
    guesses: int = 30  # recipients that do not exist, asked for in one minute from one address
    yields: float = 1.0  # without a command or `progress`: whoever comes may have the place


STANDARD = Limits()


def within_descriptors(limits: Limits) -> Limits:
    """The same with so few connections that this process has descriptors left for the rest of it."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return limits
    room = max((allowed - _RESERVED) // _EACH, 1)
    return replace(limits, connections=min(limits.connections, room))
