"""Benign facts for every mail: golden files, pictures and attacks all start from these."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mailflow.phrases import said

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")

TITLE = "Coaching session"
HOST = "Dana Coach"
PLACE = "https://meet.example.com/dana"
ABOUT = "A first talk about where you are, and where you would like to be.\nBring one question."
SITE = "https://flow.example.com"
TOKEN = "k7xq2vdn5m3hw4jz6ytbrcpafe"

Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Slot:
    """A free time of an offer."""

    number: int
    start: datetime
    end: datetime
    url: str | None
    mailto: str | None


def at(day: int, hour: int, minute: int = 0, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


START, END = at(1, 9), at(1, 9, 50)

APPOINTMENT: Facts = {
    "title": TITLE,
    "host_name": HOST,
    "start": START,
    "end": END,
    "zone": BERLIN,
    "zone_known": True,
    "host_zone": BERLIN,
    "location": PLACE,
    "description": ABOUT,
}
LINKS: Facts = {
    "page_url": f"{SITE}/b/{TOKEN}",
    "move_url": f"{SITE}/b/{TOKEN}/move",
    "cancel_url": f"{SITE}/b/{TOKEN}/cancel",
}
_STARTS = (at(1, 9), at(1, 13), at(2, 8), at(2, 12, 10), at(4, 9), at(7, 15))


def _slots(*, url: bool = True, mailto: bool = True) -> list[Slot]:
    return [
        Slot(
            number,
            start,
            start + timedelta(minutes=50),
            f"{SITE}/s/{TOKEN}{number}" if url else None,
            f"mailto:book+{TOKEN}{number}@flow.example.com" if mailto else None,
        )
        for number, start in enumerate(_STARTS, 1)
    ]


_OFFER: Facts = {
    "host_name": HOST,
    "title": TITLE,
    "length": timedelta(minutes=50),
    "location": PLACE,
    "description": ABOUT,
    "words": "Hello Joe,\n\nof course, let us talk it through. Here is when I have time.\n\nDana",
    "moves": None,
    "slots": _slots(),
    "zone": BERLIN,
    "zone_known": True,
    "host_zone": BERLIN,
    "more_url": f"{SITE}/o/{TOKEN}",
    "clock": None,
    "choosable": True,
    "client_name": None,
    "people": ["Ann Client"],
    "expires": at(8, 9),
}
_BOOKING: Facts = {
    **APPOINTMENT,
    **LINKS,
    "change": "made",
    "was": None,
    "people": ["Joe Client", "Ann Client"],
    "answers": [("What shall we work on?", "The talk I give in May.")],
    "rebook_url": None,
    "may_ask_anew": False,
    "how_to_answer": True,
    "by": "Joe Client",
}
_OF_BOOKINGS_ALONE = {
    "change",
    "was",
    "answers",
    "rebook_url",
    "may_ask_anew",
    "how_to_answer",
    "by",
}
_QUESTION: Facts = {
    "kind": "stranger",
    "author_name": "Sam Stranger",
    "author_address": "sam@elsewhere.example",
    "subject": "Re: Coaching",
    "excerpt": "Hello,\nJoe told me about you. May I join?",
    "received": at(1, 8, 12),
    "zone": BERLIN,
    "conversation_subject": "Coaching",
    "people": ["Joe Client", "Ann Client"],
}
_UNDELIVERED: Facts = {
    "recipient_name": "Joe Client",
    "recipient_address": "joe@client.example",
    "reason": "550 5.1.1 <joe@client.example>: no such mailbox here",
    "subject": "Re: Coaching",
    "permanent": True,
    "left_out": False,
    "uncertain": False,
    "quoted": True,
}

MAILS: Mapping[str, tuple[str, Facts]] = {
    "words": ("words", {"words": "Dear both,\n\nhow are you?", "people": ["Joe Client"]}),
    "offer": ("offer", _OFFER),
    "offer-far-away": ("offer", {**_OFFER, "zone": NEW_YORK}),
    "offer-zone-unknown": (
        "offer",
        {**_OFFER, "zone_known": False, "words": "", "clock": "UTC+2"},
    ),
    "offer-clock-change": (
        "offer",
        {
            **_OFFER,
            "slots": [
                Slot(1, at(24, 22, month=10), at(24, 23, month=10), f"{SITE}/s/1", None),
                Slot(2, at(25, 0, 30, month=10), at(25, 1, 20, month=10), f"{SITE}/s/2", None),
                Slot(3, at(25, 1, 30, month=10), at(25, 2, 20, month=10), f"{SITE}/s/3", None),
            ],
        },
    ),
    "offer-to-move": ("offer", {**_OFFER, "moves": at(1, 9)}),
    "offer-without-web": ("offer", {**_OFFER, "slots": _slots(url=False), "more_url": None}),
    "offer-numbers-alone": (
        "offer",
        {**_OFFER, "slots": _slots(url=False, mailto=False), "more_url": None},
    ),
    "offer-of-the-host": (
        "offer",
        {
            **_OFFER,
            "slots": _slots(url=False, mailto=False),
            "choosable": False,
            "client_name": "Joe Client",
        },
    ),
    "offer-nothing-free": ("offer", {**_OFFER, "slots": [], "words": ""}),
    "booking-made": ("booking", _BOOKING),
    "booking-far-away": ("booking", {**_BOOKING, "zone": NEW_YORK, "by": None, "answers": []}),
    "booking-moved": ("booking", {**_BOOKING, "change": "moved", "was": at(2, 8)}),
    "booking-kept": ("booking", {**_BOOKING, "change": "kept", "by": HOST}),
    "booking-shifted": ("booking", {**_BOOKING, "change": "shifted", "by": None}),
    "booking-cancelled": (
        "booking",
        {
            **_BOOKING,
            "change": "cancelled",
            "move_url": None,
            "cancel_url": None,
            "rebook_url": f"{SITE}/o/{TOKEN}",
            "how_to_answer": False,
        },
    ),
    "booking-cancelled-without-web": (
        "booking",
        {
            **_BOOKING,
            "change": "cancelled",
            "page_url": None,
            "move_url": None,
            "cancel_url": None,
            "may_ask_anew": True,
            "how_to_answer": False,
        },
    ),
    "booking-without-web": (
        "booking",
        {
            **_BOOKING,
            "zone_known": False,
            "page_url": None,
            "move_url": None,
            "cancel_url": None,
            "location": "12 Long Lane\nsecond floor",
        },
    ),
    "reminder": (
        "reminder",
        {key: fact for key, fact in _BOOKING.items() if key not in _OF_BOOKINGS_ALONE},
    ),
    "confirm": (
        "confirm",
        {**APPOINTMENT, "confirm_url": f"{SITE}/c/{TOKEN}", "expires": at(1, 7, 30)},
    ),
    "invite": (
        "invite",
        {
            "title": TITLE,
            "host_name": HOST,
            "start": START,
            "end": END,
            "zone": BERLIN,
            "description": ABOUT,
            "people": ["Ann Client"],
            "answers": [("What shall we work on?", "The talk I give in May.")],
            "page_url": f"{SITE}/b/{TOKEN}",
        },
    ),
    "relay_footer": ("relay_footer", {"people": ["Ann Client", "Joe Client"]}),
    "question-stranger": ("question", _QUESTION),
    "question-unverified": (
        "question",
        {
            **_QUESTION,
            "kind": "unverified",
            "author_name": HOST,
            "author_address": "dana@example.com",
        },
    ),
    "question-failed": ("question", {**_QUESTION, "kind": "failed", "people": []}),
    "question-nameless": (
        "question",
        {**_QUESTION, "kind": "failed", "author_name": "", "author_address": "", "people": []},
    ),
    "help": (
        "help",
        {
            "line": "/ofer coaching",
            "problem": "There is no command /ofer.",
            "nearest": "/offer coaching",
            "commands": [
                ("/offer TYPE", "Offers free times to everybody in the conversation."),
                ("/move TIME", "Moves the coming appointment; without a time, offers others."),
                ("/cancel", "Cancels the coming appointment."),
                ("/note …", "Is kept for you, and not passed on."),
                ("/who", "Tells you who is in the conversation."),
                ("/close", "Ends the conversation and its offers."),
            ],
        },
    ),
    "done": (
        "done",
        {"lines": ["The conversation “Coaching” is closed.", "A later mail opens it again."]},
    ),
    "undelivered": ("undelivered", _UNDELIVERED),
    "undelivered-for-good": ("undelivered", {**_UNDELIVERED, "left_out": True}),
    "undelivered-perhaps": (
        "undelivered",
        {
            **_UNDELIVERED,
            "uncertain": True,
            "reason": said("the mail server gave no answer in time"),
            "quoted": False,
        },
    ),
    "undelivered-after-days": (
        "undelivered",
        {
            **_UNDELIVERED,
            "reason": said(
                "the mail server was not reached: %(reason)s", reason="connection refused"
            ),
            "quoted": False,
        },
    ),
    "undelivered-yet": (
        "undelivered",
        {**_UNDELIVERED, "permanent": False, "reason": "451 4.2.2 mailbox full, try again later"},
    ),
}
