"""Times to choose from: the calendar, one time with its button, and what to choose when it is gone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from mailflow.appointments import slots
from mailflow.appointments.availability import spread
from mailflow.appointments.listing import in_utc
from mailflow.appointments.pages.asked import Asked
from mailflow.appointments.pages.forms import question_fields
from mailflow.appointments.pages.page import Page, about, at, language_for
from mailflow.config import AppointmentType
from mailflow.spans import Span, whole_days
from mailflow.store.tables import Booking
from mailflow.store.unit import Unit

MONTHS_SEARCHED = 12
"""How far the calendar looks for the first month with free times: each month is a computation."""

LOOK_AHEAD = timedelta(days=60)
"""As far, for the times that are put in the place of one that is gone."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a visitor: the zone by its IANA name, and the language."""

    zone: str | None = None
    language: str | None = None


NOBODY = Known()


@dataclass(frozen=True, slots=True)
class Menu:
    """What a visitor chooses from: the times of a type, at the page where they all are."""

    kind: AppointmentType
    url: str | None
    zone: ZoneInfo
    zone_known: bool
    """Whether the zone is the visitor's own, and not the host's for want of it."""
    language: str
    """In which language the visitor reads."""
    moving: Booking | None = None
    """The booking for which another time is chosen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A free time, and the page where it is booked."""

    start: datetime
    url: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar; without a URL nothing is free on it."""

    date: date
    count: int
    url: str | None


def menu(
    unit: Unit,
    asked: Asked,
    kind: AppointmentType,
    url: str | None,
    known: Known = NOBODY,
    moving: Booking | None = None,
) -> Menu:
    """The times of a type in the visitor's zone: the one asked for, else the one known, else the host's."""
    zone = asked.zone or (ZoneInfo(known.zone) if known.zone else None)
    host = unit.config.host(kind.hosts[0])
    language = language_for(unit, asked, host.handle, known.language)
    return Menu(kind, url, zone or host.timezone, zone is not None, language, moving)


def calendar(unit: Unit, asked: Asked, menu: Menu, *, all_gone: bool = False) -> Page:
    """A month, and the times of one of its days; `all_gone` says that those in the mail are taken."""
    month, free = _browse(unit, asked, menu)
    by_day = {day: list(spans) for day, spans in groupby(free, lambda one: _day(one, menu.zone))}
    days = _days(month)
    selected = asked.day if asked.day in days else next(iter(by_day), None)
    first, last = _bounds(unit, menu)
    return Page(
        "scheduler",
        {
            **about(unit, menu.kind, menu.zone),
            "length": menu.kind.duration,
            "kind": "move" if menu.moving else "choose",
            "all_gone": all_gone,
            "month": month,
            "days": [_cell(asked, menu, day, len(by_day.get(day, ()))) for day in days],
            "previous_url": _month_link(asked, menu, _before(month)) if month > first else None,
            "next_url": _month_link(asked, menu, _after(month)) if month < last else None,
            "selected": selected,
            "slots": _choices(asked, menu, by_day.get(selected, ()) if selected else ()),
            "hidden": _hidden(asked, month, selected),
        },
        menu.language,
    )


def slot(unit: Unit, asked: Asked, menu: Menu, start: datetime, action: str | None) -> Page:
    """One free time, and the button that books it, or moves the visitor's booking to it."""
    return Page(
        "slot",
        {
            **about(unit, menu.kind, menu.zone),
            **at(start, start + menu.kind.duration),
            "zone_known": menu.zone_known,
            "questions": [] if menu.moving else question_fields(menu.kind, asked),
            "moving_from": menu.moving.start if menu.moving else None,
            "action": action,
            "more_url": asked.link(menu.url),
        },
        menu.language,
    )


def gone(
    unit: Unit,
    asked: Asked,
    menu: Menu,
    others: Sequence[Choice] = (),
    *,
    all_gone: bool = False,
) -> Page:
    """That a time has gone, or all of an offer have, and what else there is: `others`, or the next free times."""
    free = _free(unit, menu, Span(unit.now, unit.now + LOOK_AHEAD))
    near = spread(free, menu.kind.offer_slots, menu.zone)
    return Page(
        "taken",
        {
            **about(unit, menu.kind, menu.zone),
            "all_gone": all_gone,
            "others": others or _choices(asked, menu, near),
            "more_url": asked.link(menu.url),
        },
        menu.language,
    )


def _browse(unit: Unit, asked: Asked, menu: Menu) -> tuple[date, list[Span]]:
    """The month that was asked for, or the next in which anything is free; and its free times."""
    first, last = _bounds(unit, menu)
    if asked.month:
        month = min(max(asked.month, first), last)
        return month, _free_in(unit, menu, month)
    for month in islice(_months(first, last), MONTHS_SEARCHED):
        if free := _free_in(unit, menu, month):
            return month, free
    return first, []


def _free_in(unit: Unit, menu: Menu, month: date) -> list[Span]:
    return _free(unit, menu, whole_days(month, _days(month)[-1], menu.zone))


def _free(unit: Unit, menu: Menu, within: Span) -> list[Span]:
    """What may be chosen: free times, but for the one that the visitor's booking has already."""
    free = slots.free(unit, menu.kind, within, moving=menu.moving)
    return [one for one in free if menu.moving is None or one.start != menu.moving.start]


def _bounds(unit: Unit, menu: Menu) -> tuple[date, date]:
    """The first and the last month in which something may be free."""
    ends = unit.now, unit.now + menu.kind.horizon
    first, last = (end.astimezone(menu.zone).date().replace(day=1) for end in ends)
    return first, last


def _hidden(asked: Asked, month: date, selected: date | None) -> Mapping[str, str]:
    """What a form that asks for another zone keeps."""
    return {
        "month": f"{month:%Y-%m}",
        **({"day": f"{selected}"} if selected else {}),
        **({"language": asked.language} if asked.language else {}),
    }


def _cell(asked: Asked, menu: Menu, day: date, count: int) -> Day:
    return Day(day, count, asked.link(menu.url, day=f"{day}") if count else None)


def _choices(asked: Asked, menu: Menu, free: Sequence[Span]) -> list[Choice]:
    return [Choice(one.start, asked.link(menu.url, start=in_utc(one.start))) for one in free]


def _month_link(asked: Asked, menu: Menu, month: date) -> str:
    return asked.link(menu.url, month=f"{month:%Y-%m}")


def _day(span: Span, zone: ZoneInfo) -> date:
    return span.start.astimezone(zone).date()


def _days(month: date) -> list[date]:
    return [month + timedelta(days=number) for number in range((_after(month) - month).days)]


def _months(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first = _after(first)


def _after(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)
