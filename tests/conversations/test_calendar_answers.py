"""What calendars answer to invites: accepted, declined, another time; by whom it counts, and in which order."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from mailflow.conversations.calendar_answers import MOST_CALENDARS
from mailflow.store.tables import Attendee, Booking, Conversation, Message
from tests.appointments.test_booking import event, offered, the_booking
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import Flow, Sent, to


def booked(flow: Flow, command: str = "/offer coaching 2026-12-01T10:00") -> list[Sent]:
    return flow.reply(JOE, offered(flow, command), "1")


def stamp(instant: datetime) -> str:
    return instant.strftime("%Y%m%dT%H%M%SZ")


def calendar(copy: Sent, partstat: str, method: str = "REPLY", **changed: Any) -> str:
    """An answer to the invite in `copy`, as a calendar writes it."""
    invite = event(copy)
    facts = {
        "attendee": str(invite["ATTENDEE"]),
        "uid": str(invite["UID"]),
        "sequence": int(invite["SEQUENCE"]),
        "stamp": stamp(datetime(2026, 11, 23, 10, 0)),  # noqa: DTZ001 -- written as UTC
        "start": stamp(invite.decoded("DTSTART")),
        "end": stamp(invite.decoded("DTEND")),
        **changed,
    }
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN",
            f"METHOD:{method}",
            "BEGIN:VEVENT",
            f"UID:{facts['uid']}",
            f"DTSTAMP:{facts['stamp']}",
            f"SEQUENCE:{facts['sequence']}",
            f"ATTENDEE;PARTSTAT={partstat}:{facts['attendee']}",
            f"DTSTART:{facts['start']}",
            f"DTEND:{facts['end']}",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )


def answer(
    flow: Flow, author: str, copy: Sent, partstat: str, method: str = "REPLY", **changed: Any
) -> list[Sent]:
    """The mail in which Thunderbird sends it: no ids, the calendar twice, to the ORGANIZER."""
    content = calendar(copy, partstat, method, **changed)
    return flow.hand_in(calendar_mail(author, copy, content, method), [copy.address])


def calendar_mail(
    author: str, copy: Sent, content: str, method: str = "REPLY", **headers: str
) -> bytes:
    """A mail with a calendar's answer to the invite in `copy`."""
    mail = EmailMessage()
    mail["From"], mail["To"] = author, str(event(copy)["ORGANIZER"]).removeprefix("mailto:")
    mail["Subject"] = "Accepted: a session"
    mail["Message-ID"] = f"<{hash((author, content, *headers)) & 0xFFFFFF}@thunderbird.test>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(f"{author} has answered.")
    mail.add_alternative(content, subtype="calendar", params={"method": method})
    mail.add_attachment(content.encode(), maintype="application", subtype="ics", filename="i.ics")
    return mail.as_bytes()


def partstat(flow: Flow, address: str) -> str:
    (booking,) = flow.run(lambda unit: unit.db.all(Booking))
    found = flow.run(lambda unit: unit.db.find(Attendee, booking=booking.id, address_key=address))
    return found.partstat if found else ""


@pytest.mark.parametrize("said", ["ACCEPTED", "TENTATIVE"])
def test_an_answer_is_noted_and_mails_nobody(flow: Flow, said: str) -> None:
    copy = to(booked(flow), "joe@client.test")
    assert answer(flow, JOE, copy, said) == []
    assert partstat(flow, "joe@client.test") == said
    assert flow.run(lambda unit: unit.db.all(Message)[-1].evidence) == "a calendar's answer"


def test_of_many_calendars_in_a_mail_the_first_are_read(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    others = [calendar(copy, "ACCEPTED", uid=f"{number}@flow.test") for number in range(20)]
    for before, said in ((MOST_CALENDARS, "NEEDS-ACTION"), (MOST_CALENDARS - 1, "ACCEPTED")):
        mail = EmailMessage()
        mail["From"], mail["To"] = JOE, copy.address
        mail["Message-ID"] = f"<{before}@thunderbird.test>"
        for content in [*others[:before], calendar(copy, "ACCEPTED")]:
            mail.add_attachment(content, subtype="calendar", params={"method": "REPLY"})
        flow.hand_in(mail.as_bytes(), [copy.address])
        assert partstat(flow, "joe@client.test") == said


def test_a_client_who_declines_cancels(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    sent = answer(flow, JOE, copy, "DECLINED")
    assert the_booking(flow).status == "cancelled"
    assert {one.recipient for one in sent} == {"joe@client.test", "dana@coach.test"}
    assert {event(one)["STATUS"] for one in sent} == {"CANCELLED"}


def test_past_the_cut_off_the_host_is_asked(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    flow.wait(days=7, hours=23)
    flow.sent()
    (notice,) = answer(flow, JOE, copy, "DECLINED")
    assert (notice.recipient, the_booking(flow).status) == ("dana@coach.test", "confirmed")
    flow.reply(DANA, notice, "/cancel")
    assert the_booking(flow).status == "cancelled"


def test_a_participant_who_declines_is_told_to_the_host(flow: Flow) -> None:
    copy = to(booked(flow, "/offer intake"), "assistant@coach.test")
    (notice,) = answer(flow, "assistant@coach.test", copy, "DECLINED")
    assert (notice.recipient, the_booking(flow).status) == ("dana@coach.test", "confirmed")
    assert partstat(flow, "assistant@coach.test") == "DECLINED"


def test_a_host_who_declines_is_asked(flow: Flow) -> None:
    copy = to(booked(flow), "dana@coach.test")
    (notice,) = answer(flow, DANA, copy, "DECLINED")
    assert "/cancel" in notice.text
    assert the_booking(flow).status == "confirmed"


def test_another_time_that_is_free_moves_the_booking(flow: Flow) -> None:
    copy = to(booked(flow, "/offer coaching 2026-12-01T09:00"), "joe@client.test")
    start = event(copy).decoded("DTSTART") + timedelta(minutes=50)
    sent = answer(
        flow, JOE, copy, "TENTATIVE", "COUNTER",
        start=stamp(start), end=stamp(start + timedelta(minutes=50)),
    )  # fmt: skip
    assert the_booking(flow).start == start
    assert {event(one)["SEQUENCE"] for one in sent} == {1}


def countered(flow: Flow) -> Sent:
    """The question to Dana about a time outside her hours that Joe's calendar proposed."""
    copy = to(booked(flow), "joe@client.test")
    (notice,) = answer(flow, JOE, copy, "TENTATIVE", "COUNTER", start="20261201T200000Z")
    return notice


def test_another_time_that_is_not_free_is_put_to_the_host(flow: Flow) -> None:
    notice = countered(flow)
    assert notice.recipient == "dana@coach.test"
    assert "proposes another time: Tuesday 1 December 2026, 21:00" in " ".join(notice.text.split())
    assert "outside the hours of Dana Coach" in notice.text


@pytest.mark.parametrize(
    ("line", "hour"), [("yes", 20), ("Yes.", 20), ("/move 2026-12-01T22:00", 21)]
)
def test_the_host_takes_a_proposed_time_or_another(flow: Flow, line: str, hour: int) -> None:
    sent = flow.reply(DANA, countered(flow), line)
    assert the_booking(flow).start.hour == hour
    assert {event(one)["SEQUENCE"] for one in sent} == {1}
    assert {one.recipient for one in sent} == {"joe@client.test", "dana@coach.test"}


def test_a_proposal_that_the_host_declines_is_answered_in_the_calendar(flow: Flow) -> None:
    (kept,) = flow.reply(DANA, countered(flow), "no\n\n> quoted")
    assert kept.recipient == "joe@client.test"
    (part,) = [one for one in kept.message.walk() if one.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "DECLINECOUNTER"
    assert "METHOD:DECLINECOUNTER" in str(part.get_content())
    assert event(kept)["SEQUENCE"] == 0
    assert event(kept).decoded("DTSTART") == the_booking(flow).start
    assert "Dana Coach keeps this one" in kept.text


def test_a_proposal_is_answered_once(flow: Flow) -> None:
    notice = countered(flow)
    flow.reply(DANA, notice, "no")
    assert flow.reply(DANA, notice, "yes") == []
    assert the_booking(flow).start.hour == 9


@pytest.mark.parametrize("line", ["perhaps", "/move tomorrow", "/move 2026-11-01T10:00", ""])
def test_what_cannot_be_done_with_a_proposal_leaves_it_open(flow: Flow, line: str) -> None:
    notice = countered(flow)
    (again,) = flow.reply(DANA, notice, line)
    assert (again.recipient, again.address) == ("dana@coach.test", notice.address)
    flow.reply(DANA, again, "yes")
    assert the_booking(flow).start.hour == 20


def test_an_automatic_answer_decides_no_proposal(flow: Flow) -> None:
    assert flow.reply(DANA, countered(flow), "yes", Auto_Submitted="auto-replied") == []
    assert the_booking(flow).start.hour == 9


def test_the_host_cancels_in_answer_to_a_proposal(flow: Flow) -> None:
    flow.reply(DANA, countered(flow), "/cancel")
    assert the_booking(flow).status == "cancelled"


def test_who_sends_somebody_else_is_told_to_the_host(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    delegated = 'DELEGATED;DELEGATED-TO="mailto:sam@client.test"'
    (notice,) = answer(flow, JOE, copy, delegated)
    assert (notice.recipient, the_booking(flow).status) == ("dana@coach.test", "confirmed")
    assert "sends somebody else: sam@client.test." in notice.text
    assert partstat(flow, "joe@client.test") == "DELEGATED"


def test_a_calendar_that_lost_the_invite_gets_it_again_once_an_hour(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    (again,) = answer(flow, JOE, copy, "NEEDS-ACTION", "REFRESH")
    assert event(again)["UID"] == event(copy)["UID"]
    later = stamp(datetime(2026, 11, 23, 10, 5))  # noqa: DTZ001 -- written as UTC
    assert answer(flow, JOE, copy, "NEEDS-ACTION", "REFRESH", stamp=later) == []
    flow.wait(hours=1)
    later = stamp(datetime(2026, 11, 23, 11, 0))  # noqa: DTZ001 -- written as UTC
    assert len(answer(flow, JOE, copy, "NEEDS-ACTION", "REFRESH", stamp=later)) == 1


def test_an_older_answer_changes_nothing(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    answer(flow, JOE, copy, "ACCEPTED", stamp="20261123T110000Z")
    assert answer(flow, JOE, copy, "DECLINED", stamp="20261123T100000Z") == []
    assert partstat(flow, "joe@client.test") == "ACCEPTED"


def test_an_answer_to_the_time_before_a_move_changes_nothing(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    flow.reply(DANA, copy, "/move 2026-12-02T10:00")
    assert answer(flow, JOE, copy, "DECLINED") == []
    assert the_booking(flow).status == "confirmed"


def test_a_move_asks_everybody_anew(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    answer(flow, JOE, copy, "ACCEPTED")
    moved = to(flow.reply(DANA, copy, "/move 2026-12-02T10:00"), "joe@client.test")
    assert event(moved)["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"


@pytest.mark.parametrize(
    ("author", "changed"),
    [
        (ANN, {}),
        (JOE, {"attendee": "mailto:dana@coach.test"}),
        (JOE, {"uid": "aaaaaaaaaaaa@flow.test"}),
        (JOE, {"attendee": "mailto:ann@friend.test"}),
        (ANN, {"attendee": "mailto:ann@friend.test"}),
    ],
    ids=["a stranger", "in the host's name", "another appointment", "not invited", "forwarded"],
)
def test_an_answer_that_does_not_count_changes_nothing(
    flow: Flow, author: str, changed: dict[str, str]
) -> None:
    copy = to(booked(flow), "joe@client.test")
    answer(flow, author, copy, "DECLINED", **changed)
    assert the_booking(flow).status == "confirmed"
    assert partstat(flow, "joe@client.test") == "NEEDS-ACTION"


def test_an_answer_counts_for_no_booking_of_another_conversation(flow: Flow) -> None:
    first = to(booked(flow), "joe@client.test")
    second = to(booked(flow, "/offer coaching 2026-12-02T10:00"), "joe@client.test")
    answer(flow, JOE, second, "DECLINED", uid=event(first)["UID"])
    answer(flow, JOE, first, "DECLINED", uid=event(second)["UID"])
    states = [one.status for one in flow.run(lambda unit: unit.db.all(Booking))]
    assert states == ["confirmed", "confirmed"]


def test_an_answer_that_outlook_hides_is_a_mail_like_any_other(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    tnef = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n\x78\x9f\x3e\x22\x00\x00"
    raw = f"From: {JOE}\r\nTo: {copy.address}\r\nMIME-Version: 1.0\r\n".encode() + tnef
    (passed,) = flow.hand_in(raw, [copy.address])
    assert (passed.recipient, passed["Mailflow-Kind"]) == ("dana@coach.test", "relay")
    assert partstat(flow, "joe@client.test") == "NEEDS-ACTION"


def test_an_answer_opens_no_conversation(flow: Flow) -> None:
    copy = to(booked(flow, "/offer quick"), "joe@client.test")
    before = flow.run(lambda unit: unit.db.all(Conversation))
    assert answer(flow, JOE, copy, "ACCEPTED") == []
    assert flow.run(lambda unit: unit.db.all(Conversation)) == before
    assert partstat(flow, "joe@client.test") == "ACCEPTED"


def test_an_address_comes_back_in_other_letters(flow: Flow) -> None:
    copy = to(booked(flow), "joe@client.test")
    answer(flow, "JOE@Client.Test", copy, "ACCEPTED", attendee="mailto:Joe@CLIENT.test")
    assert partstat(flow, "joe@client.test") == "ACCEPTED"


def test_an_answer_that_counts_for_nothing_reaches_the_host_alone(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", cc=ANN), "dana@coach.test")
    flow.reply(DANA, asked, "Hello.")
    offer = to(flow.reply(DANA, asked, "/offer coaching"), "joe@client.test")
    copy = to(flow.reply(JOE, offer, "1"), "joe@client.test")
    sent = answer(flow, JOE, copy, "ACCEPTED", uid="other@client.test")
    assert [one.recipient for one in sent] == ["dana@coach.test"]
    assert answer(flow, "eve@x.test", copy, "ACCEPTED") == []
