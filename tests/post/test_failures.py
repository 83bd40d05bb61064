"""What the smarthost refuses, or never takes: the host hears of it, and an address that is none gets no more."""

from collections.abc import Callable

import pytest

from mailflow.mail.outgoing import Outcome, Result
from mailflow.post import outbox
from mailflow.post.digests import send_digests
from mailflow.store.states import Sending, Standing
from mailflow.store.tables import Delivery, Participant
from tests.flow import Flow, Sent, to

DANA = "Dana Coach <dana@coach.test>"
JOE = "Joe Client <joe@client.test>"
NO_SUCH_USER = "550 5.1.1 <joe@client.test>: no such user"
REFUSED = "554 5.7.1 refused"


def asked(flow: Flow) -> Sent:
    """Joe has written to Dana: her copy."""
    return to(flow.mail(JOE, "dana@flow.test", "Can we meet?"), "dana@coach.test")


def refuse(flow: Flow, detail: str, outcome: Outcome = Outcome.REFUSED) -> list[Sent]:
    """The smarthost refuses what waits; what goes out because of that."""
    letters = flow.run(outbox.claim, 10)
    flow.run(outbox.settle, [Result(one.id, outcome, detail) for one in letters])
    return Flow.sent(flow)


@pytest.fixture
def unsent(flow: Flow) -> Callable[..., None]:
    """`unsent(to)`: Dana has answered, and her answer waits in the queue."""

    def answer(copy: Sent) -> None:
        flow.sent = list  # type: ignore[method-assign]
        flow.reply(DANA, copy, "Gladly.")

    return answer


def standing(flow: Flow) -> Standing:
    found = flow.run(lambda unit: unit.db.find(Participant, address="joe@client.test"))
    assert found
    return found.standing


def test_the_host_is_told_in_the_terms_of_the_conversation(
    flow: Flow, unsent: Callable[..., None]
) -> None:
    copy = asked(flow)
    unsent(copy)
    (notice,) = refuse(flow, REFUSED)
    assert (notice.recipient, notice.sender) == ("dana@coach.test", "")
    assert notice["Subject"] == "Not delivered: Re: A question"
    assert notice["In-Reply-To"] == "<2@client.test>"
    assert notice["Auto-Submitted"] == "auto-generated"
    assert notice["Mailflow-Kind"] == "notice"
    assert notice.address == copy.address
    assert "Joe Client did not get" in notice.text
    assert REFUSED in notice.text


def test_an_address_that_is_none_gets_nothing_more(flow: Flow, unsent: Callable[..., None]) -> None:
    copy = asked(flow)
    unsent(copy)
    assert len(refuse(flow, NO_SUCH_USER)) == 1
    assert standing(flow) is Standing.SUPPRESSED
    unsent(copy)
    assert refuse(flow, NO_SUCH_USER) == []


def test_a_mail_from_the_address_lets_it_in_again(flow: Flow, unsent: Callable[..., None]) -> None:
    copy = asked(flow)
    unsent(copy)
    refuse(flow, NO_SUCH_USER)
    flow.mail(JOE, copy.address, "Here I am.")
    assert standing(flow) is Standing.ACTIVE


@pytest.mark.parametrize(
    ("hours", "suppressed"), [(1, True), (35, True), (37, False)], ids=["3 h", "70 h", "74 h"]
)
def test_three_failures_in_three_days_are_as_bad(
    flow: Flow, unsent: Callable[..., None], hours: int, suppressed: bool
) -> None:
    copy = asked(flow)
    for failures in range(3):
        assert standing(flow) is Standing.ACTIVE, failures
        unsent(copy)
        assert len(refuse(flow, REFUSED)) == 1
        flow.wait(hours=hours)
    assert (standing(flow) is Standing.SUPPRESSED) is suppressed


def test_a_sender_that_is_refused_speaks_not_against_the_recipient(
    flow: Flow, unsent: Callable[..., None]
) -> None:
    unsent(asked(flow))
    refuse(flow, "550 5.1.8 sender domain does not exist")
    assert standing(flow) is Standing.ACTIVE


def test_what_is_never_taken_is_told_after_five_days(
    flow: Flow, unsent: Callable[..., None]
) -> None:
    unsent(asked(flow))
    told: list[Sent] = []
    for _ in range(60):
        told += refuse(flow, "451 4.4.1 not now", Outcome.DEFERRED)
        flow.wait(hours=5)
    (notice,) = told
    assert "451 4.4.1 not now" in notice.text


def test_of_the_hosts_own_address_the_operator_is_told(flow: Flow) -> None:
    flow.sent = list  # type: ignore[method-assign]
    flow.mail(JOE, "dana@flow.test", "Can we meet?")
    (notice,) = refuse(flow, "550 5.1.1 <dana@coach.test>: no such user")
    assert (notice.recipient, notice.sender) == ("ops@example.com", "")
    assert "dana@coach.test" in notice.text
    host = flow.run(lambda unit: unit.db.find(Participant, address="dana@coach.test"))
    assert host and host.standing is Standing.ACTIVE


def test_when_the_operators_mail_is_refused_too_there_is_an_end(flow: Flow) -> None:
    flow.sent = list  # type: ignore[method-assign]
    flow.mail(JOE, "dana@flow.test", "Can we meet?")
    for _ in range(2):
        letters = flow.run(outbox.claim, 10)
        assert len(letters) == 1
        flow.run(outbox.settle, [Result(one.id, Outcome.REFUSED, REFUSED) for one in letters])
    assert flow.run(outbox.claim, 10) == []


def test_a_report_that_is_faster_than_the_smarthosts_answer_counts(flow: Flow) -> None:
    flow.sent = list  # type: ignore[method-assign]
    flow.mail(JOE, "dana@flow.test", "Can we meet?")
    (letter,) = flow.run(outbox.claim, 10)
    for outcome in (Outcome.REFUSED, Outcome.SENT):
        flow.run(outbox.settle, [Result(letter.id, outcome, "as it went")])
    assert flow.run(lambda unit: unit.db.get(Delivery, letter.id)).state is Sending.FAILED


def test_more_than_five_notices_an_hour_come_in_one_digest(flow: Flow) -> None:
    copy = asked(flow)
    at_once = [
        len(
            flow.reply("Sam <sam@else.test>", copy, f"Let me in, {count}.", subject=f"Mail {count}")
        )
        for count in range(12)
    ]
    assert at_once == [1] * 5 + [0] * 7
    assert flow.run(send_digests) == 0
    flow.wait(hours=1)
    assert flow.run(send_digests) == 1
    (digest,) = flow.sent()
    assert (digest.recipient, digest.sender) == ("dana@coach.test", "")
    for count in range(12):
        assert (f"Held: Mail {count}:" in digest.text) is (count >= 5)
    assert "sam@else.test" in digest.text
    assert digest.text.count("(dana+") == 7
    assert flow.run(send_digests) == 0
    assert len(flow.reply("Sam <sam@else.test>", copy, "Once more.")) == 1


def test_a_digest_names_a_hundred_and_counts_the_rest(flow: Flow) -> None:
    copy = asked(flow)
    for count in range(130):
        flow.reply("Sam <sam@else.test>", copy, f"Let me in, {count}.")
    flow.wait(hours=1)
    flow.run(send_digests)
    (digest,) = flow.sent()
    assert digest.text.count("(dana+") == 100
    assert "And 25 more" in digest.text
