"""What holds for all clients of a listener."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from mailflow.doors.listener.certificate import Certificate
from mailflow.doors.listener.gate import Gate
from mailflow.doors.listener.limits import Limits
from mailflow.mail.envelope import Envelope, Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """`accepts`, `take` and `has_room`, `folder` are as `Listener` says."""

    hostname: str
    greeting: str
    max_message_size: int
    accepts: Callable[[str], Recipient]
    take: Callable[[Envelope], Awaitable[object]]
    has_room: Callable[[], bool]
    folder: str | None
    certificate: Certificate | None
    limits: Limits
    gate: Gate
