"""The rules of a zone change after people were told when to come: they are told once what their clocks will show."""

from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailflow.appointments import bookings, reminders
from mailflow.appointments.shifting import AT_ONCE, tell_shifted
from mailflow.mail.addresses import Person
from mailflow.store.tables import Booking, OfferedSlot
from tests.appointments.test_booking import offered, the_booking
from tests.conversations.test_conversation import JOE
from tests.flow import Flow, Sent, to
from tests.zone_data import installed, lay_out

TUESDAY = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""When the day begins in Berlin."""

NINE = "2026-12-01T09:00"
"""In Berlin: 08:00 in UTC."""


@pytest.fixture
def later_rules(tmp_path: Path) -> Path:
    """Berlin keeps Moscow's time, three hours ahead of UTC all the year."""
    return lay_out(tmp_path / "zones", {"Europe/Berlin": "Europe/Moscow"})


def restarted(folder: Path) -> AbstractContextManager[Flow]:
    """The mailflow of a folder in another process."""
    return closing(Flow(folder, drawn=10_000))


def booked(folder: Path, *answers: str) -> tuple[Booking, Sent]:
    """A booking at nine that Joe made, after what he answered before, and his copy of its mail."""
    with closing(Flow(folder)) as flow:
        offer = offered(flow, f"/offer coaching {NINE}")
        for answer in answers:
            offer = to(flow.reply(JOE, offer, answer), "joe@client.test")
        mail = to(flow.reply(JOE, offer, "1"), "joe@client.test")
        return the_booking(flow), mail


def test_all_are_told_once_what_their_clocks_will_show(tmp_path: Path, later_rules: Path) -> None:
    booking, before = booked(tmp_path)
    assert "09:00" in before.text
    with installed(later_rules), restarted(tmp_path) as flow:
        assert flow.run(tell_shifted) == 1
        sent = flow.sent()
        assert {one.recipient for one in sent} == {"joe@client.test", "dana@coach.test"}
        mail = to(sent, "joe@client.test")
        assert "11:00" in mail.text
        assert "rules of a time zone have changed" in " ".join(mail.text.split())
        assert mail["In-Reply-To"] == before["Message-ID"]
        after = the_booking(flow)
        assert (after.start, after.sequence) == (booking.start, booking.sequence + 1)
        assert flow.run(tell_shifted) == 0


def test_the_invite_keeps_its_instant(tmp_path: Path, later_rules: Path) -> None:
    booking, _ = booked(tmp_path)
    with installed(later_rules), restarted(tmp_path) as flow:
        flow.run(tell_shifted)
        mail = to(flow.sent(), "joe@client.test")
        (part,) = (one for one in mail.message.walk() if one.get_content_type() == "text/calendar")
        calendar = str(part.get_content()).replace("\r\n ", "")
        assert f"DTSTART:{booking.start:%Y%m%dT%H%M%SZ}" in calendar
        assert "SEQUENCE:1" in calendar
        assert "11:00" in calendar


def test_a_zone_of_a_client_counts_too(tmp_path: Path) -> None:
    booked(tmp_path, "tz America/New_York")
    rules = lay_out(tmp_path / "zones", {"America/New_York": "America/Phoenix"})
    with installed(rules), restarted(tmp_path) as flow:
        assert flow.run(tell_shifted) == 1


def test_where_no_clock_moved_nobody_is_told(tmp_path: Path) -> None:
    booked(tmp_path)
    rules = lay_out(tmp_path / "zones", {"Europe/Berlin": "Europe/Paris", "Asia/Tokyo": "UTC"})
    with installed(rules), restarted(tmp_path) as flow:
        assert flow.run(tell_shifted) == 0


def test_what_is_cancelled_or_past_is_left_alone(tmp_path: Path, later_rules: Path) -> None:
    booking, _ = booked(tmp_path)
    with installed(later_rules), restarted(tmp_path) as flow:
        flow.now = booking.start
        assert flow.run(tell_shifted) == 0
    with closing(Flow(tmp_path, drawn=20_000)) as flow:
        flow.run(bookings.cancel, booking)
    with installed(later_rules), restarted(tmp_path) as flow:
        assert flow.run(tell_shifted) == 0


def test_a_reminder_tells_the_time_as_well(tmp_path: Path, later_rules: Path) -> None:
    booked(tmp_path)
    with installed(later_rules), restarted(tmp_path) as flow:
        flow.wait(days=7)
        flow.run(reminders.send_due)
        assert "11:00" in to(flow.sent(), "joe@client.test").text
        assert flow.run(tell_shifted) == 0


def test_what_was_offered_stays_when_it_is(tmp_path: Path, later_rules: Path) -> None:
    with closing(Flow(tmp_path)) as flow:
        offer = offered(flow, f"/offer coaching {NINE}")
        (slot,) = flow.run(lambda unit: unit.db.all(OfferedSlot))
    with installed(later_rules), restarted(tmp_path) as flow:
        flow.reply(JOE, offer, "1")
        assert the_booking(flow).start == slot.start


def test_many_are_told_some_at_a_time(tmp_path: Path, later_rules: Path) -> None:
    with closing(Flow(tmp_path)) as flow:
        kind = flow.config.appointment_type("quick")
        for number in range(AT_ONCE + 1):
            client = Person("Joe", f"joe{number}@client.test")
            start = TUESDAY + number * kind.duration
            flow.run(
                bookings.book, bookings.Wanted(kind, start, client, None, [("What about?", "It")])
            )
    with installed(later_rules), restarted(tmp_path) as flow:
        assert [flow.run(tell_shifted) for _ in range(3)] == [AT_ONCE, 1, 0]
