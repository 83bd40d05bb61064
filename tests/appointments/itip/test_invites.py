import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Event

from mailflow.appointments.itip import Invite, publish, read_answers, write_invite
from mailflow.errors import UnsafeValue

GOLDEN = Path(__file__).parent / "golden"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MADE = Invite(
    uid="b7f3@flow.example.com",
    sequence=0,
    stamp=at("2026-11-20T08:15:30"),
    start=at("2026-12-01T09:00"),
    end=at("2026-12-01T09:50"),
    summary="Coaching session with Dana Coach",
    description="Tuesday, 1 December 2026, 10:00 to 10:50 (Europe/Berlin)\n"
    "With: Dana Coach, Zoë Klient\n\nMove or cancel: https://flow.example.com/b/abc",
    location="https://meet.example.com/dana",
    url="https://flow.example.com/b/abc",
    organizer_name="Dana Coach",
    organizer="dana+4fk2.Wq9x@flow.example.com",
    attendee_name="Zoë Klient",
    attendee="Zoe@client.test",
    chair=False,
    partstat="NEEDS-ACTION",
    cancelled=False,
)
MADE_FOR_HOST = replace(
    MADE, attendee_name="Dana Coach", attendee="dana@example.com", chair=True, partstat="ACCEPTED"
)
MOVED = replace(
    MADE,
    sequence=1,
    stamp=at("2026-11-21T10:00"),
    start=at("2026-12-02T13:00"),
    end=at("2026-12-02T13:50"),
    description="Wednesday, 2 December 2026, 14:00 to 14:50 (Europe/Berlin)",
)
CANCELLED = replace(
    MOVED, sequence=2, stamp=at("2026-11-22T11:00"), partstat="ACCEPTED", cancelled=True
)


def the_event(octets: bytes) -> Event:
    (event,) = Calendar.from_ical(octets).events
    return event


def property_names(octets: bytes) -> list[str]:
    return [name for name, _ in Calendar.from_ical(octets).property_items()]


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("made", write_invite(MADE)),
        ("made-for-host", write_invite(MADE_FOR_HOST)),
        ("moved", write_invite(MOVED)),
        ("cancelled", write_invite(CANCELLED)),
        ("to-import", publish(MADE)),
    ],
)
def test_a_booking_s_life_as_calendars_get_it(name: str, octets: bytes) -> None:
    assert octets == (GOLDEN / f"{name}.ics").read_bytes()


def test_what_was_not_said_has_no_property() -> None:
    bare = replace(MADE, description=" \n", location=" ", url=None, attendee_name=":")
    assert property_names(write_invite(bare)).count("DESCRIPTION") == 0
    assert property_names(write_invite(bare)).count("LOCATION") == 0
    assert property_names(write_invite(bare)).count("URL") == 0
    assert "CN" not in the_event(write_invite(bare))["ATTENDEE"].params


HOSTILE = {
    "an event": "x\nBEGIN:VEVENT\nUID:evil\nEND:VEVENT",
    "an event, after CR": "x\rBEGIN:VEVENT\rEND:VEVENT",
    "an event, after CRLF": "x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    "an attendee, after other line ends": "x\x0bATTENDEE:a\x85ATTENDEE:b\u2028ATTENDEE:c",
    "control characters": "a\x00b\x07c\x1b[31md\x7f\x9b",
    "a lone surrogate": "a\ud800b",
    "punctuation": "a,b;c:d=e\"f'g^h%2C^n^'\\",
    "backslashes": "C:\\News\\new \\, \\; \\\\ \\N \\n \\",
    "a parameter": 'x";ROLE=CHAIR;X="',
    "emoji": "\U0001f469\u200d\U0001f4bb" * 100,
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u202eabc\u202c \u0645\u0631\u062d\u0628\u0627",
    "two thousand characters": "ä, " * 666 + "xy",
}


def printable(text: str) -> str:
    """Without what no text in a calendar can carry."""
    ends = "\r\n", "\r", "\x0b", "\x85", "\u2028", "\u2029", "\x0c", "\x1c", "\x1d", "\x1e"
    for end in ends:
        text = text.replace(end, "\n")
    return "".join(
        c for c in text if c in "\n\t" or not ("\x00" <= c < " " or "\x7f" <= c < "\xa0")
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_foreign_text_stays_a_text(text: str) -> None:
    octets = write_invite(
        replace(
            MADE,
            summary=text,
            description=text,
            location=text,
            organizer_name=text,
            attendee_name=text,
        )
    )
    kept = printable(text.replace("\ud800", ""))
    event = the_event(octets)
    assert property_names(octets) == property_names(write_invite(MADE))
    assert event["DESCRIPTION"] == kept.strip()
    assert event["SUMMARY"] == event["LOCATION"] == " ".join(kept.split("\n")).strip()
    assert event["ATTENDEE"].params["ROLE"] == "REQ-PARTICIPANT"
    assert event["ATTENDEE"] == "mailto:Zoe@client.test"
    assert_is_well_formed(octets)


def assert_is_well_formed(octets: bytes) -> None:
    lines = octets.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert all(len(line) <= 75 and not set(line) & set(b"\r\n\0") for line in lines)
    assert lines.count(b"BEGIN:VEVENT") == 1


@given(st.text(), st.text(), st.text())
@settings(max_examples=100, deadline=None)
def test_any_text_gives_the_same_properties(summary: str, description: str, name: str) -> None:
    invite = replace(MADE, summary=summary, description="x" + description, attendee_name=name)
    octets = write_invite(invite)
    assert octets == write_invite(invite)
    assert property_names(octets) == property_names(write_invite(MADE))
    assert_is_well_formed(octets)


def test_the_interpreter_s_optimisation_changes_nothing() -> None:
    """icalendar guards its lines by assertions, which `python -O` leaves out."""
    script = (
        "import sys; from dataclasses import replace\n"
        "from tests.appointments.itip.test_invites import HOSTILE, MADE, write_invite\n"
        "for text in HOSTILE.values():\n"
        "    invite = replace(MADE, summary=text, description=text, attendee_name=text)\n"
        "    sys.stdout.buffer.write(write_invite(invite))\n"
    )
    root = Path(__file__).parents[3]
    written = [
        subprocess.run(
            [sys.executable, *mode, "-c", script], cwd=root, check=True, stdout=subprocess.PIPE
        )
        for mode in ([], ["-O"])
    ]
    assert written[0].stdout == written[1].stdout != b""


@pytest.mark.parametrize("field", ["uid", "url", "organizer", "attendee"])
@pytest.mark.parametrize(
    "value", ["a\r\nX: b@c.test", "a\rb@c.test", "a\ud800@c.test", " a@c.test"]
)
def test_an_identifier_is_refused_not_mended(field: str, value: str) -> None:
    with pytest.raises(UnsafeValue):
        write_invite(replace(MADE, **{field: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("dana+4fk2.Wq9x@flow.example.com", "mailto:dana+4fk2.Wq9x@flow.example.com"),
        ("o'hara&co=x/y@client.test", "mailto:o'hara&co=x/y@client.test"),
        ("50%@client.test", "mailto:50%25@client.test"),
        ("what?#@client.test", "mailto:what%3F%23@client.test"),
        ('"joe client"@client.test', "mailto:%22joe%20client%22@client.test"),
        ("jörg@client.test", "mailto:j%C3%B6rg@client.test"),
    ],
)
def test_addresses_are_uris_and_come_back_as_they_were(address: str, uri: str) -> None:
    octets = write_invite(replace(MADE, attendee=address))
    assert str(the_event(octets)["ATTENDEE"]) == uri
    (answer,) = read_answers(octets.replace(b"METHOD:REQUEST", b"METHOD:REPLY"))
    assert answer.attendee == address.lower()
