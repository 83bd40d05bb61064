"""What a running mailflow writes down of itself: one line of JSON for each event, on stderr.

An event has a name and facts: numbers and ids, never an address, a token or what anybody wrote. Of an error its class
and the places that it passed are told, not its text, which may quote a mail. What libraries log is told the same way:
they put whole commands, messages and SQL into their lines.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from datetime import datetime, timedelta
from traceback import extract_tb
from types import TracebackType
from typing import Any, TextIO

import structlog

MOST = 600
"""Lines of one event in a window; a flood of strangers must not fill the disk."""

WINDOW = timedelta(minutes=1)

FRAMES = 4
"""Places of an error that are told, the innermost last."""

Facts = MutableMapping[str, Any]

log: structlog.stdlib.BoundLogger = structlog.get_logger()
# Without a journal nothing is written: a command says on the terminal what it has to say.
structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory())


Event = tuple[str, Mapping[str, object]]
"""Its name, and its facts."""


def write_down(events: Iterable[Event]) -> None:
    """Events that happened, in their order."""
    bound = log.bind()  # which costs as much as an event that is left out
    for name, facts in events:
        bound.info(name, **facts)


def open_journal(stream: TextIO, clock: Callable[[], datetime]) -> None:
    """Write events to `stream` from now on, and what libraries log from the level WARNING up."""
    structlog.configure(
        processors=[
            Thinner(clock),
            _describe_error,
            _Heading(clock),
            structlog.processors.JSONRenderer(default=lambda value: type(value).__name__),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.getLogger().addHandler(_LIBRARIES)


class _Heading:
    """Puts when and what before the facts."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    def __call__(self, logger: object, method: str, facts: Facts) -> Facts:
        at = self._clock().isoformat(timespec="milliseconds")
        return {"at": at, "level": method, "event": facts.pop("event"), **facts}


class Thinner:
    """Lets an event through MOST times in a window; the first of the next window tells how many were left out."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._counted: dict[str, tuple[datetime, int]] = {}

    def __call__(self, logger: object, method: str, facts: Facts) -> Facts:
        event, now = str(facts["event"]), self._clock()
        began, number = self._counted.get(event, (now, 0))
        if not timedelta() <= now - began < WINDOW:
            if number > MOST:
                facts["left_out"] = number - MOST
            began, number = now, 0
        self._counted[event] = began, number + 1
        if number >= MOST:
            raise structlog.DropEvent
        return facts


def _describe_error(logger: object, method: str, facts: Facts) -> Facts:
    """Puts the class of an exception, and where it came from, in the place of the exception."""
    error = facts.pop("error", None)
    if isinstance(error, BaseException):
        facts["error"] = type(error).__name__
        facts["where"] = _places(error.__traceback__)
    elif error is not None:
        facts["error"] = error
    return facts


def _places(trace: TracebackType | None) -> list[str]:
    """The last places that an error passed, as `file:line function`."""
    frames = extract_tb(trace)[-FRAMES:]
    return [
        f"{frame.filename.rpartition('site-packages/')[2]}:{frame.lineno} {frame.name}"
        for frame in frames
    ]


class _Libraries(logging.Handler):
    """Passes on that a library logged something, and where; its words may be anybody's."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        log.log(
            record.levelno,
            "library",
            logger=record.name,
            line=f"{record.filename}:{record.lineno}",
            **({"error": error} if error else {}),
        )


_LIBRARIES = _Libraries(logging.WARNING)
