"""The words that narrow an offer, and the times that people type.

`/offer TYPE` takes a day, a weekday, a week, a range of days, or exact times. They are read
strictly: what is not understood is named, never passed over.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailflow.errors import InvalidForm
from mailflow.phrases import said
from mailflow.spans import Span, whole_days

# Some thirty exact times: nobody types more on one line, and each may look up a zone's file.
_LONGEST = 1000

# Beyond these years, a zone or a buffer could carry a time out of what datetime holds.
_YEARS = range(1970, 2200)

# RFC 3339, but: a blank may stand for the T, seconds may be missing, a zone's name may stand for
# the offset, or nothing at all.
_TIME = re.compile(
    r"""(?<!\S) (?P<day>\d{4}-\d\d-\d\d) (?:T|\ +)
        (?P<clock>\d\d:\d\d (?: :\d\d (?:\.\d{1,6})?)?)
        (?: \ *(?P<offset>Z|[+-]\d\d:?[0-5]\d)
          | \ +(?P<zone>UTC|GMT|[A-Z]+(?:/[A-Z0-9_+-]+){1,2}) )? (?!\S)""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

# English, German, French, Spanish.
_WEEKDAY_NAMES = (
    "monday mon montag mo lundi lun lunes",
    "tuesday tue tues dienstag di mardi mar martes",
    "wednesday wed mittwoch mi mercredi mer miércoles miercoles",
    "thursday thu thur thurs donnerstag do jeudi jeu jueves",
    "friday fri freitag fr vendredi ven viernes",
    "saturday sat samstag sonnabend sa samedi sam sábado sabado",
    "sunday sun sonntag so dimanche dim domingo",
)
_WEEKDAYS = {name: number for number, names in enumerate(_WEEKDAY_NAMES) for name in names.split()}
_PHRASES = (*_WEEKDAYS, "today", "tomorrow", "this week", "next week")
_WORDS = {word for phrase in (*_PHRASES, "on am le el from to") for word in phrase.split()}


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What an offer is narrowed to: slots that start in `within`, or exactly `times`, or nothing.

    At most one of the two is there, in UTC; `times` are sorted, each once.
    """

    within: Span | None = None
    times: tuple[datetime, ...] = ()


def narrow(words: str, zone: ZoneInfo, now: datetime) -> Narrowing:
    """What `words` narrow an offer to; days, and times that name no zone, are those of `zone`.

    A weekday is the next one, today included; a week runs from Monday to Sunday. Raises
    InvalidForm, which says under "words" what would be right.
    """
    if len(words) > _LONGEST:
        raise InvalidForm(
            {"words": said("longer than %(number)s characters; name fewer times", number=_LONGEST)}
        )
    today = now.astimezone(zone).date()
    text = " ".join(words.replace(",", " ").replace("..", " to ").split())
    times = {match[0]: _instant(match, zone) for match in _TIME.finditer(text)}
    rest = _TIME.sub("", text).lower().split()
    unclear = [typed for typed, instant in times.items() if instant is None]
    if times and (unclear or rest):
        raise _not_understood((unclear or rest)[0], today)
    if times:
        return Narrowing(times=tuple(sorted({instant for instant in times.values() if instant})))
    return Narrowing(within=_days(rest, zone, today)) if rest else Narrowing()


def parse_time(text: str, zone: ZoneInfo) -> datetime | None:
    """The instant, in UTC, of a date and time written as in RFC 3339; None if `text` is not one.

    `T` may be a blank, seconds may be missing; `Z`, an offset or a zone's name may follow, without
    one it is a time in `zone`. A wall time that a clock change skips or repeats is taken as
    zoneinfo does with fold 0.
    """
    match = _TIME.fullmatch(text.strip())
    return _instant(match, zone) if match else None


def _instant(match: re.Match[str], zone: ZoneInfo) -> datetime | None:
    day, clock, offset, name = match.group("day", "clock", "offset", "zone")
    try:
        time = datetime.fromisoformat(f"{day}T{clock}{(offset or '').upper()}")
        if time.tzinfo is None:
            time = time.replace(tzinfo=ZoneInfo(name) if name else zone)
    except (ValueError, ZoneInfoNotFoundError, OSError):  # OSError: "America/Indiana" is a folder
        return None
    return time.astimezone(UTC) if time.year in _YEARS else None


def _days(words: list[str], zone: ZoneInfo, today: date) -> Span:
    first, last = _first_and_last(words, today)
    if first is None or last is None:
        strange = (word for word in words if word not in _WORDS and not _day(word, today, today))
        raise _not_understood(next(strange, " ".join(words)), today)
    if last < first:
        wrong = said(
            "%(last)s is before %(first)s; the earlier day comes first", first=first, last=last
        )
        raise InvalidForm({"words": wrong})
    return whole_days(first, last, zone)


def _first_and_last(words: list[str], today: date) -> tuple[date | None, date | None]:
    match words:
        case ["this" | "next" as which, "week"]:
            ahead = 7 if which == "next" else 0
            monday = today + timedelta(days=ahead - today.weekday())
            return monday, monday + timedelta(days=6)
        case ["from", start, "to", end] | [start, "to", end]:
            first = _day(start, today, today)
            return first, _day(end, today, first or today)
        case ["on" | "am" | "le" | "el", word] | [word]:
            day = _day(word, today, today)
            return day, day
    return None, None


def _day(word: str, today: date, since: date) -> date | None:
    """The day that one word names; a weekday is the next one from `since` on."""
    if word in _WEEKDAYS:
        return since + timedelta(days=(_WEEKDAYS[word] - since.weekday()) % 7)
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    if not _DATE.fullmatch(word):
        return None
    try:
        day = date.fromisoformat(word)
    except ValueError:
        return None
    return day if day.year in _YEARS else None


def _not_understood(typed: str, today: date) -> InvalidForm:
    close = get_close_matches(typed, _PHRASES, n=1, cutoff=0.7)
    right = (
        said("did you mean %(words)s?", words=repr(close[0]))
        if close
        else said(
            "write one day like %(day)s, a weekday, 'next week', or times like %(time)s",
            day=today,
            time=f"{today}T10:00",
        )
    )
    wrong = said("%(words)s is not understood; %(right)s", words=repr(typed[:40]), right=right)
    return InvalidForm({"words": wrong})
