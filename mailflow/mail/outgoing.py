"""Mail on its way out: a letter, what became of an attempt, and when to try again."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from mailflow.mail.addresses import split
from mailflow.mail.spooled import Content
from mailflow.phrases import Words

# The first waits are short, for greylisting and restarts; then hours, up to five days
# (RFC 5321 section 4.5.4.1).
_WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=2),
    timedelta(hours=4),
)
GIVE_UP_AFTER = timedelta(days=5)
JITTER = 0.1  # so that letters that failed together do not come back together

# The letter may have arrived: leave the receiver time to finish, and do not send copy after copy
# (RFC 1047).
UNKNOWN_WAIT = timedelta(minutes=15)
UNKNOWN_TRIES = 3


class Outcome(StrEnum):
    """What became of one attempt."""

    SENT = "sent"
    REFUSED = "refused"  # for good: the same bytes would be refused again
    DEFERRED = "deferred"  # surely not taken; try again
    UNKNOWN = "unknown"  # no answer after the final dot: it may have arrived


@dataclass(frozen=True, slots=True)
class Letter:
    """One message for one recipient.

    `sender` is empty for the null sender; `attempts` counts the one being made. What of a big message is not in
    `message` yet is kept under the digest `rest`.
    """

    id: int
    sender: str
    recipient: str
    message: Content = field(repr=False)
    attempts: int
    rest: str = ""

    @property
    def domain(self) -> str:
        """Where it goes, in lower case."""
        return split(self.recipient)[1].lower()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the letter `id`; `detail` is one printable line: a server's answer, or words of ours."""

    id: int
    outcome: Outcome
    detail: Words


def next_attempt(attempts: int, outcome: Outcome, jitter: float) -> timedelta | None:
    """How long to wait after that many attempts, the last of them with `outcome`; None: no more.

    `jitter`, from -1 to 1, spreads the wait by a tenth. SENT and REFUSED are final.
    """
    if outcome is Outcome.DEFERRED:
        wait = _wait(attempts)
        spent = sum((_wait(earlier) for earlier in range(1, attempts)), timedelta())
        return _spread(wait, jitter) if spent + wait <= GIVE_UP_AFTER else None
    if outcome is Outcome.UNKNOWN and attempts < UNKNOWN_TRIES:
        return max(_spread(_wait(attempts), jitter), UNKNOWN_WAIT)
    return None


def _wait(attempts: int) -> timedelta:
    return _WAITS[min(attempts, len(_WAITS)) - 1]


def _spread(wait: timedelta, jitter: float) -> timedelta:
    return wait * (1 + JITTER * jitter)
