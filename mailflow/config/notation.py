"""How an operator writes values.

Each reader takes what stands in the TOML file, of whatever type, and gives the value, or a
ValueError whose text completes "expected …".
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

LONGEST = timedelta(days=3650)  # now plus any duration stays a valid datetime
MAX_PORT = 65535
DAY = 24 * 60  # minutes
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_ENDPOINT = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})")
_DURATION = re.compile(
    r"(?=.)(?:([0-9]{1,8})d)?(?:([0-9]{1,8})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,8})s)?"
)
_SIZE = re.compile(r"([0-9]{1,12})([KMGkmg]?[Bb])")
_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_WINDOW = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens: a host name or IP address, and a TCP port (0: any free one)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A span of a day's wall clock in minutes since midnight; `end` may be 1440, the day's end."""

    start: int
    end: int


def read_text(pattern: re.Pattern[str], right: str, value: object) -> re.Match[str]:
    """The match of a text that has this shape as a whole."""
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(right)
    return match


def read_duration(value: object) -> timedelta:
    """Days, hours, minutes and seconds, in this order: "50m", "1h30m", "7d"."""
    right = 'a duration such as "50m", "1h30m" or "7d", not negative, at most "3650d"'
    groups = read_text(_DURATION, right, value).groups(default="0")
    days, hours, minutes, seconds = (int(group) for group in groups)
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if duration > LONGEST:
        raise ValueError(right)
    return duration


def read_size(value: object) -> int:
    """Bytes, from a number with a decimal unit: "25MB" is 25,000,000."""
    right = 'a size such as "500KB" or "25MB", more than zero'
    number, unit = read_text(_SIZE, right, value).groups()
    size = int(number) * _UNITS[unit.upper()]
    if not size:
        raise ValueError(right)
    return size


def read_endpoint(value: object) -> Endpoint:
    """HOST:PORT, with an IPv6 address in brackets."""
    right = 'HOST:PORT such as "127.0.0.1:2525" or "[::1]:2525", with a port of 0 to 65535'
    address, name, port = read_text(_ENDPOINT, right, value).groups()
    if int(port) > MAX_PORT:
        raise ValueError(right)
    return Endpoint(address or name, int(port))


def read_peer(value: object) -> Endpoint:
    """The endpoint of a server to connect to, where port 0 makes no sense."""
    right = 'HOST:PORT such as "mail.example.com:587", with a port of 1 to 65535'
    try:
        endpoint = read_endpoint(value)
    except ValueError:
        raise ValueError(right) from None
    if not endpoint.port:
        raise ValueError(right)
    return endpoint


def read_weekday(value: object) -> int:
    """0 for "mon" to 6 for "sun"."""
    try:
        return WEEKDAYS.index(str(value))
    except ValueError:
        raise ValueError("a weekday: " + ", ".join(WEEKDAYS)) from None


def read_window(value: object) -> Window:
    """A window within one day; 24:00 is the end of the day."""
    right = (
        'a window within one day that ends after it starts, such as "09:00-17:00", at most to 24:00'
    )
    groups = read_text(_WINDOW, right, value).groups()
    hour, minute, end_hour, end_minute = (int(group) for group in groups)
    window = Window(hour * 60 + minute, end_hour * 60 + end_minute)
    if not window.start < window.end <= DAY:
        raise ValueError(right)
    return window


def read_date(value: object) -> date:
    """A day, as TOML's own date or as text."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError('a date such as "2026-12-24"') from None


def read_zone(value: object) -> ZoneInfo:
    """A time zone of the IANA database."""
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(str(value), available_timezones())
        raise ValueError('an IANA time zone such as "Europe/Berlin"' + hint) from None


def read_network(value: object) -> Network:
    """An address, or a network in CIDR notation."""
    try:
        return ip_network(str(value))
    except ValueError:
        raise ValueError(
            'an IP address or network such as "192.0.2.1" or "2001:db8::/32"'
        ) from None


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A hint at the nearest of the right words, or nothing where none is near."""
    near = difflib.get_close_matches(word, sorted(words), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""
