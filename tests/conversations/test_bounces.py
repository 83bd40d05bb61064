"""Delivery reports and automatic answers that come back: what each does, and what it never does."""

from typing import Any

import pytest

from mailflow.appointments import bookings
from mailflow.mail.addresses import Person
from mailflow.store.states import Sending, Standing, Taken
from mailflow.store.tables import Conversation, Delivery, Message, Participant, TakenMail
from tests.flow import Flow, Sent, to

DANA = "Dana Coach <dana@coach.test>"
JOE = "Joe Client <joe@client.test>"
NO_SUCH_USER = "550 5.1.1 no such user"
FULL = "552 5.2.2 mailbox full"

Answered = tuple[Sent, Sent]


@pytest.fixture
def answered(flow: Flow) -> Answered:
    """Joe has asked and Dana has answered: her copy of his mail, his copy of hers."""
    asked = to(flow.mail(JOE, "dana@flow.test", "Can we meet?"), "dana@coach.test")
    return asked, to(flow.reply(DANA, asked, "Gladly."), "joe@client.test")


def dsn(
    copy: Sent,
    diagnostic: str = NO_SUCH_USER,
    *,
    action: str = "failed",
    recipient: str = "",
    number: int = 1,
) -> bytes:
    """The report of a server that could not deliver `copy`."""
    status = diagnostic.split()[1]
    return (
        f"""\
From: MAILER-DAEMON@mx.client.test (Mail Delivery System)
To: {copy.sender}
Subject: Undelivered Mail Returned to Sender
Message-ID: <report-{number}@mx.client.test>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="report"

--report
Content-Type: text/plain

I'm sorry to have to inform you.

--report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.client.test

Final-Recipient: rfc822; {recipient or copy.recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {diagnostic}

--report
Content-Type: message/rfc822

""".encode()
        + copy.raw
        + b"\r\n--report--\r\n"
    )


def bounce(flow: Flow, copy: Sent, *args: Any, **options: Any) -> list[Sent]:
    """The report comes to the envelope sender of the copy."""
    return flow.hand_in(dsn(copy, *args, **options), [copy.sender], sender="")


def booked_outside(flow: Flow) -> Sent:
    """Joe's copy of a confirmation that is part of no conversation."""
    kind = flow.config.appointment_type("quick")
    start = flow.now.replace(hour=13)
    answers = [("What about?", "Everything")]
    joe = Person("Joe Client", "joe@client.test")
    flow.run(bookings.book, bookings.Wanted(kind, start, joe, None, answers))
    return to(flow.sent(), "joe@client.test")


def delivery(flow: Flow, copy: Sent) -> Delivery:
    found = flow.run(lambda unit: unit.db.all(Delivery, recipient=copy.recipient))
    (one,) = [one for one in found if f"<{one.message_id}>" == copy["Message-ID"]]
    return one


def standing(flow: Flow, address: str = "joe@client.test") -> Standing:
    found = flow.run(lambda unit: unit.db.find(Participant, address=address))
    assert found
    return found.standing


def newest(flow: Flow) -> Message:
    return flow.run(lambda unit: unit.db.all(Message)[-1])


def last_taken(flow: Flow) -> TakenMail:
    return flow.run(lambda unit: unit.db.all(TakenMail)[-1])


def test_the_host_is_told_in_words_instead_of_the_raw_report(
    flow: Flow, answered: Answered
) -> None:
    asked, copy = answered
    (notice,) = bounce(flow, copy)
    assert (notice.recipient, notice.sender) == ("dana@coach.test", "")
    assert notice["Subject"] == "Not delivered: Re: A question"
    assert notice["In-Reply-To"] == copy["Message-ID"]
    assert notice.address == asked.address
    assert "Joe Client did not get" in notice.text
    assert NO_SUCH_USER in notice.text


def test_the_copy_is_marked(flow: Flow, answered: Answered) -> None:
    _, copy = answered
    bounce(flow, copy)
    found = delivery(flow, copy)
    assert (found.state, found.detail) == (Sending.FAILED, NO_SUCH_USER)


def test_the_report_is_recorded_without_the_mail_that_it_returns(
    flow: Flow, answered: Answered
) -> None:
    _, copy = answered
    bounce(flow, copy)
    message = newest(flow)
    assert message.automatic
    assert message.text == f"joe@client.test: not delivered ({NO_SUCH_USER})"
    assert "Gladly" not in message.body


def test_an_address_that_is_none_gets_nothing_more_until_it_writes(
    flow: Flow, answered: Answered
) -> None:
    asked, copy = answered
    bounce(flow, copy)
    assert standing(flow) is Standing.SUPPRESSED
    assert flow.reply(DANA, asked, "Are you there?") == []
    flow.mail(JOE, asked.address, "I am.")
    assert len(flow.reply(DANA, asked, "Good.")) == 1


def test_only_the_conversation_of_the_mail_is_concerned(flow: Flow, answered: Answered) -> None:
    _, copy = answered
    other = to(flow.mail(JOE, "erik@flow.test", "And you?"), "erik@school.test")
    bounce(flow, copy)
    assert len(flow.reply("erik@school.test", other, "Gladly.")) == 1


def test_another_failure_is_told_and_counts(flow: Flow, answered: Answered) -> None:
    asked, copy = answered
    for number in range(1, 4):
        assert standing(flow) is Standing.ACTIVE
        assert len(bounce(flow, copy, FULL, number=number)) == 1
        copy = next(iter(flow.reply(DANA, asked, "Again.")), copy)
    assert standing(flow) is Standing.SUPPRESSED


def test_one_failure_is_told_once_however_often_it_is_reported(
    flow: Flow, answered: Answered
) -> None:
    _, copy = answered
    told = [len(bounce(flow, copy, FULL, number=number)) for number in (1, 1, 2)]
    assert told == [1, 0, 0]
    assert standing(flow) is Standing.ACTIVE


def test_a_delay_is_told_and_does_nothing(flow: Flow, answered: Answered) -> None:
    _, copy = answered
    (notice,) = bounce(flow, copy, "451 4.4.1 no answer", action="delayed")
    assert "has not got" in notice.text
    assert notice["Subject"] == "Not delivered yet: Re: A question"
    assert delivery(flow, copy).state is Sending.SENT
    assert standing(flow) is Standing.ACTIVE


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_good_news_is_recorded_alone(flow: Flow, answered: Answered, action: str) -> None:
    assert bounce(flow, answered[1], "250 2.0.0 ok", action=action) == []
    assert newest(flow).text.startswith("joe@client.test: it is there")


def test_a_report_about_where_the_address_led_is_about_the_address(
    flow: Flow, answered: Answered
) -> None:
    bounce(flow, answered[1], recipient="joe@elsewhere.test")
    assert standing(flow) is Standing.SUPPRESSED


def test_of_the_hosts_own_address_the_operator_is_told(flow: Flow, answered: Answered) -> None:
    asked, _ = answered
    (notice,) = bounce(flow, asked)
    assert (notice.recipient, notice.sender) == ("ops@example.com", "")
    assert standing(flow, "dana@coach.test") is Standing.ACTIVE


def test_a_booking_outside_any_conversation_is_told_to_its_host(flow: Flow) -> None:
    copy = booked_outside(flow)
    (notice,) = bounce(flow, copy)
    assert notice.recipient == "dana@coach.test"
    assert "Joe Client did not get" in notice.text
    assert flow.run(lambda unit: unit.db.all(Conversation)) == []


def test_a_vacation_answer_to_the_envelope_goes_to_the_host_alone(
    flow: Flow, answered: Answered
) -> None:
    _, copy = answered
    (passed_on,) = flow.mail(
        JOE, copy.sender, "I am away.", subject="Auto: A question", Auto_Submitted="auto-replied"
    )
    assert (passed_on.recipient, passed_on.sender) == ("dana@coach.test", "")
    assert "I am away." in passed_on.text
    assert newest(flow).automatic


def test_what_comes_to_the_envelope_is_never_acted_upon(flow: Flow, answered: Answered) -> None:
    asked, _ = answered
    offer = to(flow.reply(DANA, asked, "/offer coaching"), "joe@client.test")
    (passed_on,) = flow.mail(JOE, offer.sender, "2", answers=offer)
    assert passed_on["Mailflow-Kind"] == "relay"


def test_an_answer_to_a_booking_outside_any_conversation_opens_none(flow: Flow) -> None:
    copy = booked_outside(flow)
    assert flow.mail(JOE, copy.sender, "I am away.", Auto_Submitted="auto-replied") == []
    assert flow.run(lambda unit: unit.db.all(Conversation)) == []
    assert last_taken(flow).state is Taken.HELD


@pytest.mark.parametrize("where", ["the conversation's address", "the front door"])
def test_a_report_elsewhere_is_placed_by_the_mail_that_it_returns(
    flow: Flow, answered: Answered, where: str
) -> None:
    asked, copy = answered
    address = "dana@flow.test" if where == "the front door" else asked.address
    (notice,) = flow.hand_in(dsn(copy), [address], sender="")
    assert "Joe Client did not get" in notice.text
    assert newest(flow).evidence == f"it returns {copy['Message-ID'].strip('<>')}"


def test_a_report_elsewhere_proves_nothing(flow: Flow, answered: Answered) -> None:
    asked, copy = answered
    flow.hand_in(dsn(copy), [asked.address], sender="")
    assert delivery(flow, copy).state is Sending.SENT
    assert standing(flow) is Standing.ACTIVE


@pytest.mark.parametrize("sender", ["", "postmaster@mx.client.test"])
def test_a_report_about_no_mail_of_ours_is_held(
    flow: Flow, answered: Answered, sender: str
) -> None:
    asked, copy = answered
    strange = dsn(copy).replace(copy["Message-ID"].encode(), b"<unknown@else.test>")
    for address in ("dana@flow.test", asked.address):
        before = flow.run(lambda unit: (unit.db.all(Conversation), unit.db.all(Message)))
        assert flow.hand_in(strange, [address], sender=sender) == []
        assert flow.run(lambda unit: (unit.db.all(Conversation), unit.db.all(Message))) == before
        held = last_taken(flow)
        assert (held.state, held.reason) == (
            Taken.HELD,
            "a delivery report about no mail of ours",
        )


def test_a_report_for_the_postmaster_reaches_the_operator(flow: Flow, answered: Answered) -> None:
    (copy,) = flow.hand_in(dsn(answered[1]), ["postmaster@flow.test"], sender="")
    assert (copy.recipient, copy.sender) == ("ops@example.com", "")
