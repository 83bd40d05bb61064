"""How much of us one client, and all clients together, may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Counts, and times in seconds."""

    idle: float = 300.0  # without a command, or a byte of DATA (RFC 5321 section 4.5.3.2.7)
    data: float = 1800.0  # a whole message: 25 MB at 14 KB a second
    session: float = 3600.0  # a whole session, whatever keeps it busy
    stop: float = 10.0  # for messages under way, when we stop
    recipients: int = 100  # of one message (RFC 5321 section 4.5.3.1.8)
    errors: int = 20  # commands refused for good, until we hang up
    connections: int = 200  # open at a time
    connections_per_address: int = 20  # open at a time, from one address
    connections_per_minute: int = 60  # begun in one minute, from one address


STANDARD = Limits()
