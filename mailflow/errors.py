"""The error tree: one class for each situation that a caller treats differently.

Facts stand as attributes; the doors alone translate an error into what a peer sees
(SMTP 4xx and 5xx, HTTP 404, 409 and 410, exit code 1).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from mailflow.phrases import Said, Words


class MailflowError(Exception):
    """Something that mailflow foresaw; its text is one line that a person can act upon."""

    @property
    def words(self) -> Words:
        """What it says, in any language where a person may get to read it."""
        return self.args[0] if self.args and isinstance(self.args[0], Said) else str(self)


class ConfigError(MailflowError):
    """The configuration is wrong; `mistakes` has one line for each wrong value, all at once."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class DiskFailed(MailflowError):
    """The disk did not keep what it was given: nothing may be promised any more until mailflow has started anew."""


class Unreadable(MailflowError):
    """A mail that cannot be read: it is kept raw and listed under `held` with `reason`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ReaderLost(MailflowError):
    """The process that read a mail died of it, or took too long: it is tried again, and parked in the end."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class SmarthostAway(MailflowError):
    """The smarthost takes no mail at all now: not reached, TLS or login failed, or it says 421."""

    def __init__(self, detail: Words) -> None:
        self.detail = detail
        super().__init__(detail)


class UnreadableCalendar(MailflowError):
    """A host's calendar that was not reached, or makes no sense: what was last known of it counts."""


class CalendarsUnread(Exception):
    """Not a failure: the calendars of `hosts` are to be read again before this can be decided.

    Who runs the transaction reads them, and runs it anew; nobody between the two has to know.
    """

    def __init__(self, hosts: Collection[str]) -> None:
        self.hosts = frozenset(hosts)
        super().__init__(f"calendars to be read first: {', '.join(sorted(self.hosts))}")


class HeldMailUnread(Exception):
    """Not a failure: the held mail `ident` is to be read before it can be let through.

    Who runs the transaction has it read, in bounded time and outside any, and runs it anew.
    """

    def __init__(self, ident: int) -> None:
        self.ident = ident
        super().__init__(f"held mail to be read first: {ident}")


class BodyUnmade(Exception):
    """Not a failure: the mail under `blob` is big, and the body of a copy with these `changes` is to be made first.

    Who runs the transaction has it made, in bounded time and outside any, and runs it anew.
    """

    def __init__(self, blob: str, changes: Any) -> None:
        self.blob, self.changes = blob, changes
        super().__init__(f"the body of a copy to be made first: of {blob}")


class LetterUnread(Exception):
    """A letter that is to go out could not be had from the disk just now."""


class UnsafeValue(MailflowError):
    """A value that must not leave the house as it is (CR, LF or NUL in a header, for instance)."""


class BadToken(MailflowError):
    """A link or address that we did not sign, for this purpose, as it stands. Seen as 404 or 550."""


class NotFound(MailflowError):
    """No such conversation, booking, offer, type or host."""

    def __init__(self, what: str, name: str) -> None:
        self.what, self.name = what, name
        super().__init__(f"there is no {what} {name!r}")


class Expired(MailflowError):
    """A link past its life (410): the offer ran out, was withdrawn, or its conversation was closed."""


class SlotTaken(MailflowError):
    """The time is not free any more (409)."""


class NoFreeTime(MailflowError):
    """An offer that would have nothing to offer."""


class TooLate(MailflowError):
    """A change after its cut-off."""


class TooMany(MailflowError):
    """More than anybody needs in a while (429); `wait` is how long until there may be more."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("this is more than anybody needs in a while")


class InvalidForm(MailflowError):
    """A form whose fields need mending; `errors` maps a field's name to what is wrong with it."""

    def __init__(self, errors: Mapping[str, Words]) -> None:
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in self.errors.items()))
