"""The kinds of values in a config, as types that pydantic checks with the readers of `notation`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from os.path import isfile
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    Field,
    GetPydanticSchema,
    PlainValidator,
    Strict,
    ValidationInfo,
)
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import no_info_after_validator_function

from mailflow.config import notation
from mailflow.config.notation import Endpoint, Network, Window

T = TypeVar("T")

SHORTEST_STEP = timedelta(minutes=1)  # a finer one would make a day of slots a day of work
MAX_OFFERED = 50  # more slots than anybody reads in one mail

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?=[^@]{{1,253}}$)(?![0-9.]+$){_LABEL}(?:\.{_LABEL})*"
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_DOMAIN}"
_OUR_ADDRESSES = ("book", "bounce", "postmaster")
_OUR_PAGES = ("slot", "offer", "booking", "confirm", "assets", "healthz", "metrics")
_RESERVED = _OUR_ADDRESSES + _OUR_PAGES
_HANDLE = rf"(?!(?:{'|'.join(_RESERVED)})$)(?!.*\.(?:\.|$))[a-z0-9][a-z0-9._-]{{0,29}}"
_PUBLIC_URL = r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
_CONTROLS = r"\x00-\x1f\x7f-\x9f\ud800-\udfff"  # with what is no UTF-8


def _text(pattern: str, right: str, *, ignore_case: bool = False) -> PlainValidator:
    """Text of this shape, kept as it is written."""
    # Without ASCII, the sign of the kelvin would be a k.
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII if ignore_case else 0)
    return PlainValidator(lambda value: notation.read_text(compiled, right, value).string)


def _optional(read: Callable[[object], T]) -> PlainValidator:
    return PlainValidator(lambda value: None if value == "" else read(value))


def _at_least(minimum: timedelta, right: str) -> AfterValidator:
    def check(duration: timedelta) -> timedelta:
        if duration < minimum:
            raise ValueError(right)
        return duration

    return AfterValidator(check)


def _in_order(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    ordered = tuple(sorted(windows))
    if any(later.start < earlier.end for earlier, later in pairwise(ordered)):
        raise ValueError("windows that do not overlap")
    return ordered


def _at_least_one(values: tuple[T, ...]) -> tuple[T, ...]:
    if not values:
        raise ValueError("at least one")
    return values


def _path(value: object, info: ValidationInfo) -> Path:
    """A path that starts at the folder of the config file, which is the validation's context."""
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise ValueError("a path")
    return Path(info.context or "") / value


def _file(value: object, info: ValidationInfo) -> Path | None:
    if value == "":
        return None
    path = _path(value, info)
    if not isfile(path):
        raise ValueError(f'a file (there is none at {path}), or ""')
    return path


def _not_in_the_file(_: object) -> Path:
    raise PydanticKnownError("unexpected_keyword_argument")


Domain = Annotated[
    str,
    _text(_DOMAIN, 'a domain name such as "flow.example.com"', ignore_case=True),
    AfterValidator(str.lower),
]
OptionalDomain = Annotated[
    str, _text(f"(?:{_DOMAIN})?", 'a name such as "mx.example.com"', ignore_case=True)
]
Address = Annotated[
    str, _text(_ADDRESS, 'a mail address such as "dana@example.com"', ignore_case=True)
]
OptionalAddress = Annotated[
    str,
    _text(f"(?:{_ADDRESS})?", 'a mail address such as "ops@example.com", or ""', ignore_case=True),
]
PublicUrl = Annotated[
    str,
    _text(
        f"(?:{_PUBLIC_URL})?",
        '"https://NAME" without a slash at the end, or "" for no pages',
        ignore_case=True,
    ),
]
CalendarUrl = Annotated[
    str, _text(r"(?:https?://[^\s/]\S*)?", 'an address that begins with "https://"')
]
DatabaseUrl = Annotated[
    str,
    _text(
        r"sqlite|postgresql://[^\s/]*/[^\s/]+",
        '"sqlite" or "postgresql://USER:PASSWORD@HOST/NAME"',
    ),
]
Handle = Annotated[
    str,
    _text(
        _HANDLE,
        "up to 30 of a-z, 0-9, dot, hyphen and underscore, a letter or digit first, no dot last,"
        " and none of " + ", ".join(_RESERVED),
    ),
]
Slug = Annotated[
    str, _text(r"[a-z0-9][a-z0-9-]{0,49}", 'up to 50 of a-z, 0-9 and hyphen, such as "first-talk"')
]
Language = Annotated[
    str, _text(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", 'a language such as "de" or "pt-BR"')
]
HeaderName = Annotated[str, _text(r"[!-9;-~]+", 'the name of a header, such as "X-Original-To"')]
Line = Annotated[
    str, _text(rf"(?=.*\S)[^{_CONTROLS}]{{1,200}}", "one line of text, of 1 to 200 characters")
]
OptionalLine = Annotated[
    str, _text(rf"[^{_CONTROLS}]{{0,1000}}", "one line of text, of at most 1000 characters")
]
Text = Annotated[str, _text(rf"(?:[^{_CONTROLS}]|[\t\n])*", "text without control characters")]

Size = Annotated[int, PlainValidator(notation.read_size)]
Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0)]
Offered = Annotated[int, Strict(), Field(ge=1, le=MAX_OFFERED)]

Listen = Annotated[Endpoint, PlainValidator(notation.read_endpoint)]
OptionalListen = Annotated[Endpoint | None, _optional(notation.read_endpoint)]
Peer = Annotated[Endpoint, PlainValidator(notation.read_peer)]
OptionalPeer = Annotated[Endpoint | None, _optional(notation.read_peer)]
Networks = tuple[Annotated[Network, PlainValidator(notation.read_network)], ...]

Duration = Annotated[timedelta, PlainValidator(notation.read_duration)]
Lasting = Annotated[Duration, _at_least(timedelta(seconds=1), 'more than zero, such as "1h"')]
Step = Annotated[Duration, _at_least(SHORTEST_STEP, 'at least a minute, such as "50m"')]
Zone = Annotated[ZoneInfo, PlainValidator(notation.read_zone)]
Weekday = Annotated[int, PlainValidator(notation.read_weekday)]
Date = Annotated[date, PlainValidator(notation.read_date)]
Windows = Annotated[
    tuple[Annotated[Window, PlainValidator(notation.read_window)], ...], AfterValidator(_in_order)
]

RelativePath = Annotated[Path, PlainValidator(_path), Field(validate_default=True)]
OptionalFile = Annotated[Path | None, PlainValidator(_file)]
NotInTheFile = Annotated[Path, PlainValidator(_not_in_the_file)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """The hours of one date, written in place of its weekday's; none: the day is off."""

    date: Date
    hours: Windows


def _by_date(overrides: tuple[Override, ...]) -> Mapping[date, tuple[Window, ...]]:
    return {override.date: override.hours for override in overrides}


Several = Annotated[tuple[T, ...], AfterValidator(_at_least_one)]
Week = Mapping[Weekday, Windows]
Overrides = Annotated[
    Mapping[date, tuple[Window, ...]],
    GetPydanticSchema(
        lambda _, handler: no_info_after_validator_function(
            _by_date, handler.generate_schema(tuple[Override, ...])
        )
    ),
]
