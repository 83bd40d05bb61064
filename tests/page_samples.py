"""Benign facts for every page, as `samples` has them for the mails."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import available_timezones

from tests.samples import (
    ABOUT,
    APPOINTMENT,
    BERLIN,
    HOST,
    LINKS,
    NEW_YORK,
    PLACE,
    SITE,
    TITLE,
    TOKEN,
    Facts,
    at,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A free time of a page."""

    start: datetime
    url: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar."""

    date: date
    count: int
    url: str | None


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form."""

    name: str
    label: str
    required: bool
    value: str
    error: str | None
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Type:
    """An appointment type on a host's page."""

    title: str
    length: timedelta
    description: str
    url: str


_SLOT: Facts = {
    **APPOINTMENT,
    "questions": [],
    "moving_from": None,
    "action": f"{SITE}/s/{TOKEN}1",
    "more_url": f"{SITE}/o/{TOKEN}",
}
_BOOKED: Facts = {
    **{key: fact for key, fact in APPOINTMENT.items() if key != "zone_known"},
    **{key: fact for key, fact in LINKS.items() if key != "page_url"},
    "status": "confirmed",
    "people": ["Joe Client", "Ann Client"],
    "ics_url": f"{SITE}/b/{TOKEN}/invite.ics",
    "rebook_url": None,
    "just_now": True,
    "kept_until": None,
    "changed_elsewhere": False,
    "too_late": False,
    "attendees": [("Joe Client", "ACCEPTED"), ("Ann Client", "NEEDS-ACTION")],
}


def _december(*free: int) -> list[Day]:
    url = f"{SITE}/dana/coaching?day=2026-12-"
    return [
        Day(date(2026, 12, day), 3 if day in free else 0, f"{url}{day:02}" if day in free else None)
        for day in range(1, 32)
    ]


_SCHEDULER: Facts = {
    "title": TITLE,
    "host_name": HOST,
    "length": timedelta(minutes=50),
    "location": PLACE,
    "description": ABOUT,
    "zone": BERLIN,
    "host_zone": BERLIN,
    "month": date(2026, 12, 1),
    "days": _december(1, 2, 4, 7, 8, 9, 11, 14, 15, 16, 18),
    "previous_url": None,
    "next_url": f"{SITE}/dana/coaching?month=2027-01",
    "selected": date(2026, 12, 1),
    "slots": [Choice(at(1, hour), f"{SITE}/c/{hour}") for hour in (8, 9, 10, 12, 13, 14, 15)],
    "kind": "choose",
    "all_gone": False,
    "hidden": {"month": "2026-12"},
}
_CONFIRM: Facts = {
    **{key: fact for key, fact in APPOINTMENT.items() if key != "zone_known"},
    "fields": [
        Field("name", "Your name", True, "", None),
        Field("address", "Your mail address", True, "", None, "email"),
        Field("question-1", "What shall we work on?", False, "", None, "textarea"),
    ],
    "action": f"{SITE}/dana/coaching/1",
    "back_url": f"{SITE}/dana/coaching",
}
_TAKEN: Facts = {
    "title": TITLE,
    "host_name": HOST,
    "zone": BERLIN,
    "host_zone": BERLIN,
    "all_gone": False,
    "others": [Choice(at(1, 13), f"{SITE}/s/2"), Choice(at(2, 8), f"{SITE}/s/3")],
    "more_url": f"{SITE}/o/{TOKEN}",
}

AROUND: Facts = {
    "choosing_zone": "?zones=all",
    "languages": [
        ("de", "Deutsch", "?language=de"),
        ("en", "English", "?language=en"),
        ("fr", "Français", "?language=fr"),
    ],
}
"""What the site says on every page that is somebody's."""

_NOBODYS = ("not_found", "problem", "too_many")
_PAGES: Mapping[str, tuple[str, Facts]] = {
    "slot": ("slot", _SLOT),
    "slot-far-away": ("slot", {**_SLOT, "zone": NEW_YORK, "location": "12 Long Lane"}),
    "slot-with-questions": (
        "slot",
        {
            **_SLOT,
            "zone_known": False,
            "questions": [
                Field(
                    "question-1", "What shall we work on?", True, "", "Please say something here."
                ),
                Field("question-2", "Anything else?", False, "No, thank you.", None),
            ],
        },
    ),
    "slot-moving": ("slot", {**_SLOT, "moving_from": at(2, 8)}),
    "booked": ("booked", _BOOKED),
    "booked-seen-again": (
        "booked",
        {
            **_BOOKED,
            "just_now": False,
            "attendees": [],
            "move_url": None,
            "cancel_url": None,
            "changed_elsewhere": True,
        },
    ),
    "booked-too-late": (
        "booked",
        {
            **_BOOKED,
            "just_now": False,
            "move_url": None,
            "cancel_url": None,
            "too_late": True,
        },
    ),
    "booked-cancelled": (
        "booked",
        {
            **_BOOKED,
            "status": "cancelled",
            "move_url": None,
            "cancel_url": None,
            "ics_url": None,
            "rebook_url": f"{SITE}/o/{TOKEN}",
        },
    ),
    "booked-pending": (
        "booked",
        {
            **_BOOKED,
            "status": "pending",
            "kept_until": at(1, 7, 30),
            "just_now": False,
            "ics_url": None,
            "move_url": None,
            "cancel_url": None,
        },
    ),
    "waiting": (
        "waiting",
        {
            **{key: fact for key, fact in APPOINTMENT.items() if key != "zone_known"},
            "kept_until": at(1, 7, 30),
            "action": f"{SITE}/confirm/{TOKEN}",
        },
    ),
    "scheduler": ("scheduler", _SCHEDULER),
    "scheduler-move": (
        "scheduler",
        {**_SCHEDULER, "kind": "move", "zone": NEW_YORK, "previous_url": f"{SITE}/dana/coaching"},
    ),
    "scheduler-all-gone": ("scheduler", {**_SCHEDULER, "all_gone": True}),
    "scheduler-no-day": ("scheduler", {**_SCHEDULER, "selected": None, "slots": []}),
    "scheduler-nothing-free": (
        "scheduler",
        {**_SCHEDULER, "selected": None, "slots": [], "days": _december(), "next_url": None},
    ),
    "confirm": ("confirm", _CONFIRM),
    "confirm-mistakes": (
        "confirm",
        {
            **_CONFIRM,
            "fields": [
                Field("name", "Your name", True, "", "Please tell us your name."),
                Field(
                    "address",
                    "Your mail address",
                    True,
                    "joe@",
                    "This address has no end.",
                    "email",
                ),
                Field("question-1", "What shall we work on?", False, "My talk", None, "textarea"),
            ],
        },
    ),
    "host": (
        "host",
        {
            "host_name": HOST,
            "types": [
                Type(
                    TITLE,
                    timedelta(minutes=50),
                    "A talk about where you are.",
                    f"{SITE}/dana/coaching",
                ),
                Type("First call", timedelta(minutes=15), "", f"{SITE}/dana/call"),
            ],
        },
    ),
    "cancel": (
        "cancel",
        {
            **{
                key: fact
                for key, fact in APPOINTMENT.items()
                if key not in {"zone_known", "description"}
            },
            "action": f"{SITE}/b/{TOKEN}/cancel",
            "back_url": f"{SITE}/b/{TOKEN}",
        },
    ),
    "taken": ("taken", _TAKEN),
    "taken-all-gone": ("taken", {**_TAKEN, "all_gone": True}),
    "taken-nothing-left": ("taken", {**_TAKEN, "others": [], "more_url": None}),
    "expired": ("expired", {"more_url": f"{SITE}/dana/coaching", "mailto": None}),
    "expired-by-mail": ("expired", {"more_url": None, "mailto": "mailto:dana@flow.example.com"}),
    "zones": (
        "zones",
        {
            "chosen": "Europe/Berlin",
            "zones": ["America/New_York", "Asia/Kathmandu", "Europe/Berlin", "Pacific/Apia"],
            "hidden": {"month": "2026-12"},
        },
    ),
    "not_found": ("not_found", {}),
    "problem": (
        "problem",
        {
            "heading": "Something went wrong",
            "text": "The fault is ours. Please try again in a few minutes.",
            "status": 500,
        },
    ),
    "too_many": ("too_many", {"wait": timedelta(minutes=1)}),
}

PAGES: Mapping[str, tuple[str, Facts]] = {
    name: (template, facts if template in _NOBODYS else {**facts, **AROUND})
    for name, (template, facts) in _PAGES.items()
}

_OFFER = f"{SITE}/offer/{'x' * 70}"
_CHOSEN = "zone=America/New_York&language=en"

HEAVY: Mapping[str, tuple[str, Facts]] = {
    "scheduler": (
        "scheduler",
        {
            **_SCHEDULER,
            **AROUND,
            "zone": NEW_YORK,
            "days": [
                Day(date(2026, 12, day), 48, f"{_OFFER}?day=2026-12-{day:02}&{_CHOSEN}")
                for day in range(1, 32)
            ],
            "slots": [
                Choice(
                    at(1, 8) + number * timedelta(minutes=15),
                    f"{_OFFER}?start=2026-12-01T{number:02}:00:00Z&{_CHOSEN}",
                )
                for number in range(48)
            ],
        },
    ),
    "zones": ("zones", {**PAGES["zones"][1], "zones": sorted(available_timezones())}),
}
"""The most that a page can have to show: a month without an appointment, and all zones."""
