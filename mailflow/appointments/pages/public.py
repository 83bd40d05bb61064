"""The public pages: a host with what they offer, and the times of one appointment type."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailflow.appointments import bookings, links, slots
from mailflow.appointments.bookings import Wanted
from mailflow.appointments.listing import in_utc
from mailflow.appointments.pages import forms, times
from mailflow.appointments.pages.asked import Asked
from mailflow.appointments.pages.page import Page, about, at, for_anybody, language_for
from mailflow.appointments.pages.times import Menu
from mailflow.errors import InvalidForm, SlotTaken
from mailflow.phrases import said
from mailflow.store.unit import Unit


@dataclass(frozen=True, slots=True)
class TypeLine:
    """An appointment type on a host's page."""

    title: str
    length: timedelta
    description: str
    url: str | None


def host(unit: Unit, asked: Asked, handle: str) -> Page:
    """A host, and the appointment types to choose from."""
    who = unit.config.host(handle)
    lines = [
        TypeLine(
            one.title,
            one.duration,
            one.description,
            asked.link(links.type_url(unit, who.handle, one.slug)),
        )
        for one in unit.config.appointment_types
        if who.handle in one.hosts
    ]
    facts = {"host_name": who.name, "types": lines}
    return Page("host", facts, language_for(unit, asked, who.handle))


def show(unit: Unit, asked: Asked, handle: str, slug: str) -> Page:
    """The calendar of a type, or one of its times with the form that books it."""
    menu = _menu(unit, asked, handle, slug)
    start = asked.start
    if start is None:
        return for_anybody(times.calendar(unit, asked, menu))
    if not slots.is_free(unit, menu.kind, start):
        raise SlotTaken(said("that time is not free"))
    return for_anybody(_form(unit, asked, menu, start))


def book(unit: Unit, asked: Asked, handle: str, slug: str) -> str:
    """Book the chosen time for whom the form names."""
    menu = _menu(unit, asked, handle, slug)
    if asked.start is None:
        raise InvalidForm({"start": said("Please choose a time.")})
    forms.check(
        {**forms.contact_mistakes(unit, asked), **forms.question_mistakes(menu.kind, asked)}
    )
    wanted = Wanted(
        menu.kind,
        asked.start,
        forms.read_contact(asked),
        zone=asked.zone.key if asked.zone else None,
        language=menu.language,
        answers=forms.read_answers(menu.kind, asked),
    )
    return links.view_url(unit, bookings.book(unit, wanted)) or ""


def gone(unit: Unit, asked: Asked, handle: str, slug: str) -> Page:
    """Other times of a type, when the chosen one has gone."""
    return times.gone(unit, asked, _menu(unit, asked, handle, slug))


def _menu(unit: Unit, asked: Asked, handle: str, slug: str) -> Menu:
    kind = unit.config.appointment_type(slug, handle)
    url = links.type_url(unit, unit.config.host(handle).handle, kind.slug)
    return times.menu(unit, asked, kind, url)


def _form(unit: Unit, asked: Asked, menu: Menu, start: datetime) -> Page:
    fields: Sequence[forms.Field] = [
        *forms.contact_fields(asked),
        *forms.question_fields(menu.kind, asked),
    ]
    return Page(
        "confirm",
        {
            **about(unit, menu.kind, menu.zone),
            **at(start, start + menu.kind.duration),
            "fields": fields,
            "action": asked.link(menu.url, start=in_utc(start)),
            "back_url": asked.link(menu.url),
        },
        menu.language,
    )
