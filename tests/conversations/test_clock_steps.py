"""A clock that is set back or forward in the midst of things: all is done, once, and links keep to their lives."""

from datetime import timedelta

import pytest

from mailflow.appointments.reminders import send_due
from mailflow.store.tables import Booking
from tests.appointments.test_booking import event, the_booking
from tests.flow import Flow, Sent, to

JOE, DANA = "Joe Client <joe@client.test>", "Dana Coach <dana@coach.test>"
BOTH = ["dana@coach.test", "joe@client.test"]
HOUR = timedelta(hours=1)


def recipients(sent: list[Sent]) -> list[str]:
    return sorted(copy.recipient for copy in sent)


def booked(flow: Flow, step: timedelta) -> list[list[Sent]]:
    """What goes out, with the clock set by a step after each mail that comes in."""
    sent = [flow.mail(JOE, "dana@flow.test", "Can we meet?")]
    flow.now += step
    sent.append(flow.reply(DANA, sent[0][0], "Gladly.\n/offer coaching 2026-12-01T10:00"))
    flow.now += step
    sent.append(flow.reply(JOE, to(sent[1], "joe@client.test"), "1"))
    flow.now += step
    return sent


@pytest.mark.parametrize("step", [-HOUR, -72 * HOUR, HOUR, 20 * HOUR])
def test_a_story_goes_on(flow: Flow, step: timedelta) -> None:
    asked, offered, picked = booked(flow, step)
    assert recipients(asked) == ["dana@coach.test"]
    assert recipients(offered) == recipients(picked) == BOTH
    assert flow.sent() == []


@pytest.mark.parametrize("change", ["/move 2026-12-01T13:00", "/cancel"])
def test_an_invite_is_never_older_than_the_one_before(flow: Flow, change: str) -> None:
    """Some calendars would keep the earlier one (RFC 5546, section 2.1.5)."""
    *_, picked = booked(flow, -HOUR)
    changed = flow.reply(DANA, to(picked, "dana@coach.test"), change)
    before, after = (event(to(sent, "joe@client.test")) for sent in (picked, changed))
    assert after.decoded("DTSTAMP") >= before.decoded("DTSTAMP")
    assert after["SEQUENCE"] == before["SEQUENCE"] + 1


def test_a_reminder_is_sent_once(flow: Flow) -> None:
    booked(flow, -HOUR)
    flow.now = the_booking(flow).start - timedelta(hours=24)
    assert flow.run(send_due) == 1
    assert recipients(flow.sent()) == BOTH
    for step in (-2 * HOUR, HOUR, HOUR, HOUR):
        flow.now += step
        assert flow.run(send_due) == 0
        assert flow.sent() == []


def test_an_offer_that_has_run_out_holds_again_where_the_clock_was_wrong(flow: Flow) -> None:
    asked = flow.mail(JOE, "dana@flow.test", "Can we meet?")
    offered = flow.reply(DANA, asked[0], "Gladly.\n/offer coaching 2026-12-08T10:00")
    offer = to(offered, "joe@client.test")
    flow.wait(days=8)
    flow.reply(JOE, offer, "1")
    assert flow.run(lambda unit: unit.db.all(Booking)) == []
    flow.wait(days=-8)
    assert recipients(flow.reply(JOE, offer, "1")) == BOTH
    assert the_booking(flow).status == "confirmed"
