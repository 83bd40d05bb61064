"""A page as a value: the name of its template, and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mailflow.appointments.pages.asked import Asked
from mailflow.config import AppointmentType
from mailflow.store.unit import Unit

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to show, and in which language."""

    template: str
    facts: Facts
    language: str


def language_for(unit: Unit, asked: Asked, handle: str, known: str | None = None) -> str:
    """The language of a page: chosen on it, known of the visitor, liked by the browser, or else the host's."""
    own = unit.config.host(handle).language
    return asked.language or known or asked.accepted or own


def about(unit: Unit, kind: AppointmentType, zone: ZoneInfo) -> Facts:
    """What every page says of an appointment type to a visitor in `zone`."""
    host = unit.config.host(kind.hosts[0])
    return {
        "title": kind.title,
        "host_name": host.name,
        "zone": zone,
        "host_zone": host.timezone,
        "location": kind.location,
        "description": kind.description,
    }


def at(start: datetime, end: datetime) -> Facts:
    """When an appointment is."""
    return {"start": start, "end": end}


def for_anybody(page: Page) -> Page:
    """A page without the link of an online meeting: that is for those who have an appointment."""
    is_link = str(page.facts["location"]).startswith(("http://", "https://"))
    return replace(page, facts={**page.facts, "location": ""}) if is_link else page
