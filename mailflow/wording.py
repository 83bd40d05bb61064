"""Instants, lengths and zones in words that people read, in their language (CLDR, by way of Babel).

Each function takes aware instants and turns them into wall time here, at the edge. A wall time
that a clock change repeats carries its offset, so that no two instants of a list read the same.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from datetime import time as clocktime
from functools import cache, lru_cache
from itertools import groupby
from typing import Protocol, TypeVar
from unicodedata import bidirectional
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_day_names
from babel.units import format_unit

from mailflow.phrases import ENGLISH

# Plain "en" is American to CLDR; most who read it expect the day before the month, and 24 hours.
_REGIONAL = {ENGLISH: "en-GB"}
_DAY_PATTERNS = {ENGLISH: "EEEE d MMMM y"}

KEPT = 1_000
"""Days, and times of day, whose words are kept: a mail says the same few to each recipient."""

LONGEST_WEEKDAY = 6
"""Letters of a weekday in a calendar's head, at most, where the language has a form as short."""


class Starts(Protocol):
    """Anything that has a beginning: a free slot, for instance."""

    @property
    def start(self) -> datetime: ...


class Dated(Protocol):
    """Anything that stands for one day of a calendar."""

    @property
    def date(self) -> date: ...


S = TypeVar("S", bound=Starts)
D = TypeVar("D", bound=Dated)


@cache
def locale_of(language: str) -> Locale:
    """What CLDR says of a language; aware of the region that English is taken from."""
    return Locale.parse(_REGIONAL.get(language, language), sep="-")


@cache
def direction(language: str) -> str:
    """Which way a language is written: `ltr` or `rtl`."""
    return locale_of(language).text_direction


def name(text: str, locale: str = ENGLISH) -> str:
    """A name within a sentence, between marks (UAX #9, FSI and PDI) where it is written the other way."""
    if text.isascii() and direction(locale) == "ltr":
        return text
    against = ("L",) if direction(locale) == "rtl" else ("R", "AL")
    turns = any(bidirectional(letter) in against for letter in text)
    return f"\u2068{text}\u2069" if turns else text


def names(people: Iterable[str], locale: str = ENGLISH) -> str:
    """`Joe Client, Ann Client`."""
    return ", ".join(name(one, locale) for one in people)


@lru_cache(KEPT)
def date_in_words(day: date, locale: str = ENGLISH) -> str:
    """`Tuesday 1 December 2026`."""
    pattern = _DAY_PATTERNS.get(locale, "full")
    return format_date(day, pattern, locale=locale_of(locale))


def day(instant: datetime, zone: ZoneInfo, locale: str = ENGLISH) -> str:
    """The day of `instant` in `zone`: `Tuesday 1 December 2026`."""
    return date_in_words(instant.astimezone(zone).date(), locale)


def time(instant: datetime, zone: ZoneInfo, locale: str = ENGLISH) -> str:
    """The wall time of `instant` in `zone`: `10:00`, or `02:30 (UTC+2)` where it comes twice."""
    local = instant.astimezone(zone)
    words = _clock_time(local.replace(tzinfo=None, fold=0).time(), locale)
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return words
    return f"{words} ({offset(instant, zone)})"


@lru_cache(KEPT)
def _clock_time(wall: clocktime, locale: str) -> str:
    return format_time(wall, "short", locale=locale_of(locale))


def when(instant: datetime, zone: ZoneInfo, locale: str = ENGLISH) -> str:
    """`Tuesday 1 December 2026, 10:00`."""
    return f"{day(instant, zone, locale)}, {time(instant, zone, locale)}"


def moments(instants: Iterable[datetime], zone: ZoneInfo, locale: str = ENGLISH) -> str:
    """Several instants as `when` says each."""
    return "; ".join(when(instant, zone, locale) for instant in instants)


def span(start: datetime, end: datetime, zone: ZoneInfo, locale: str = ENGLISH) -> str:
    """`10:00` to `10:50` with a dash; the end has its day as well where that is another one."""
    same_day = start.astimezone(zone).date() == end.astimezone(zone).date()
    return f"{time(start, zone, locale)} – {(time if same_day else when)(end, zone, locale)}"  # noqa: RUF001


def there(instant: datetime, zone: ZoneInfo, other: ZoneInfo, locale: str = ENGLISH) -> str:
    """The wall time in `other`, its day too where that differs; empty where both clocks agree."""
    if instant.astimezone(zone).utcoffset() == instant.astimezone(other).utcoffset():
        return ""
    same_day = instant.astimezone(zone).date() == instant.astimezone(other).date()
    return (time if same_day else when)(instant, other, locale)


def offset(instant: datetime, zone: tzinfo) -> str:
    """What `zone` is away from UTC at `instant`: `UTC+1`, `UTC-3:30`, `UTC`."""
    away = instant.astimezone(zone).utcoffset() or timedelta()
    if not away:
        return "UTC"
    hours, minutes = divmod(abs(away) // timedelta(minutes=1), 60)
    return f"UTC{'-' if away < timedelta() else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


def zone_name(zone: ZoneInfo, instant: datetime) -> str:
    """`Europe/Berlin, UTC+1`: the zone by its IANA name, and what that means at `instant`."""
    away = offset(instant, zone)
    return zone.key if zone.key == away else f"{zone.key}, {away}"


def duration(length: timedelta, locale: str = ENGLISH) -> str:
    """`50 minutes`, `1 hour 30 minutes`; to the minute."""
    hours, minutes = divmod(length // timedelta(minutes=1), 60)
    parts = [(hours, "duration-hour")] if hours else []
    if minutes or not hours:
        parts.append((minutes, "duration-minute"))
    return " ".join(format_unit(number, unit, locale=locale_of(locale)) for number, unit in parts)


def month(day: date, locale: str = ENGLISH) -> str:
    """`December 2026`."""
    return format_skeleton("yMMMM", day, locale=locale_of(locale))


def weekday(day: date, locale: str = ENGLISH) -> str:
    """`Tuesday`."""
    return format_date(day, "EEEE", locale=locale_of(locale))


def short_weekday(day: date, locale: str = ENGLISH) -> str:
    """`Tue`; in a language that abbreviates little, its shorter form: seven stand side by side on a phone."""
    names = get_day_names("abbreviated", locale=locale_of(locale))
    if max(map(len, names.values())) > LONGEST_WEEKDAY:
        names = get_day_names("short", locale=locale_of(locale))
    name: str = names[day.weekday()]
    return name


def by_day(slots: Iterable[S], zone: ZoneInfo) -> list[tuple[datetime, list[S]]]:
    """Slots, in order, in groups of one day in `zone`; each with the start of its first slot.

    A day on which the clocks change between slots makes two groups, one for each offset.
    """

    def day_and_offset(slot: S) -> tuple[date, timedelta | None]:
        local = slot.start.astimezone(zone)
        return local.date(), local.utcoffset()

    groups = (list(group) for _, group in groupby(slots, day_and_offset))
    return [(group[0].start, group) for group in groups]


def weeks(days: Sequence[D], locale: str = ENGLISH) -> list[list[D | None]]:
    """The days of one month in rows of seven, filled up with None, in the weeks of the language."""
    first_weekday = locale_of(locale).first_week_day
    blanks = (days[0].date.weekday() - first_weekday) % 7 if days else 0
    cells: list[D | None] = [None] * blanks + list(days)
    cells += [None] * (-len(cells) % 7)
    return [cells[row : row + 7] for row in range(0, len(cells), 7)]
