"""A page as a value: the name of its template, and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from mailflow.appointments.pages.asked import Asked
from mailflow.appointments.zones import zone_names
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


def choice_of_zone(asked: Asked, page: Page) -> Page:
    """The zones in which the times of a page can be told; whoever chooses one is shown that page again."""
    chosen = str(page.facts["zone"])
    language = {"language": asked.language} if asked.language else {}
    facts = {
        "chosen": chosen,
        "zones": sorted({*zone_names(), chosen}),
        "hidden": {**asked.kept, **language},
    }
    return Page("zones", facts, page.language)


def at(start: datetime, end: datetime) -> Facts:
    """When an appointment is."""
    return {"start": start, "end": end}


def for_anybody(page: Page) -> Page:
    """A page without the link of an online meeting: that is for those who have an appointment."""
    is_link = str(page.facts["location"]).startswith(("http://", "https://"))
    return replace(page, facts={**page.facts, "location": ""}) if is_link else page
