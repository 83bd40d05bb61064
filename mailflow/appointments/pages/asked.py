"""What a visitor asks a page for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from mailflow.appointments.narrowing import parse_time
from mailflow.appointments.zones import zone_names
from mailflow.phrases import Words

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of a request, query and form as one; empty ones are left out.

    `errors` says what is wrong with them, by name, on a page that is shown again.
    """

    fields: Mapping[str, str]
    errors: Mapping[str, Words] = field(default_factory=dict)
    language: str | None = None
    """The language that the visitor chose, of those that there are."""
    accepted: str | None = None
    """The one that their browser likes best."""

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def start(self) -> datetime | None:
        """The time that was chosen, in UTC."""
        return parse_time(self["start"], UTC_ZONE)

    @property
    def zone(self) -> ZoneInfo | None:
        """The visitor's time zone, where they or their browser named one."""
        return ZoneInfo(self["zone"]) if self["zone"] in zone_names() else None

    @property
    def day(self) -> date | None:
        return _read_date(self["day"])

    @property
    def month(self) -> date | None:
        """The first day of the month to show."""
        month = _read_date(f"{self['month']}-01") or self.day
        return month.replace(day=1) if month else None

    def link(self, url: str | None, **fields: str) -> str:
        """A URL with these fields in its query, and with the zone and the language that the visitor chose."""
        query = {
            **fields,
            **({"zone": self.zone.key} if self.zone else {}),
            **({"language": self.language} if self.language else {}),
        }
        return f"{url or ''}?{urlencode(query, safe='/:')}" if query else url or ""

    @property
    def kept(self) -> Mapping[str, str]:
        """What the page is about, beside its path: it stays where only its zone or its language changes."""
        return {name: self[name] for name in ("start", "month", "day") if self[name]}

    def again(self, language: str) -> str:
        """The same page in another language: a URL that is relative to it."""
        return replace(self, language=language).link("", **self.kept)

    def choosing_zone(self) -> str:
        """Where the zone of this page is chosen, relative to it."""
        return self.link("", **self.kept, zones="all")


def _read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
