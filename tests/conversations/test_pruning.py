"""Retention: what goes, what stays, and that nothing names what has gone."""

from collections import Counter
from datetime import timedelta

from mailflow.conversations.pruning import Age, prune
from mailflow.conversations.taking import take
from mailflow.mail.envelope import Envelope
from mailflow.store import Unit
from mailflow.store.columns import TABLES
from mailflow.store.states import Sending
from mailflow.store.tables import (
    Booking,
    Conversation,
    Delivery,
    Notified,
    Piece,
    Question,
    TakenMail,
)
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import Flow, Sent, to
from tests.references import dangling, unnamed_blobs

ERIK = "Erik Teacher <erik@school.test>"


def pruned(
    flow: Flow, days: float, host: str | None = None, *, trial: bool = False
) -> Counter[str]:
    """What goes of what was silent for so many days; nothing that stays names any of it."""
    age = Age(flow.now - timedelta(days=days), host, trial)
    gone: Counter[str] = sum(prune(flow.run, age), Counter())
    assert flow.run(dangling) == []
    assert flow.run(unnamed_blobs) == set()
    return gone


def rows(flow: Flow) -> dict[str, int]:
    """How many rows there are of each kind, of which there are any."""

    def count(unit: Unit) -> dict[str, int]:
        return {kind.__name__: len(unit.db.all(kind)) for kind in TABLES}

    return {name: number for name, number in flow.run(count).items() if number}


def asked(flow: Flow, author: str = JOE, host: str = "dana") -> Sent:
    """A client's first mail as the host got it."""
    return to(flow.mail(author, f"{host}@flow.test", f"Hello, I am {author}."), HOSTS[host])


HOSTS = {"dana": "dana@coach.test", "erik": "erik@school.test"}


def years_later(flow: Flow) -> None:
    """Time passes, due mails go out, and the house lives on: Bea writes to Erik."""
    flow.wait(days=400)
    flow.sent()
    asked(flow, "bea@client.test", "erik")


def booked(flow: Flow, kind: str = "coaching") -> Sent:
    """An appointment of tomorrow, made from an offer, as its client was told."""
    offered = flow.reply(DANA, asked(flow), f"/offer {kind}")
    answered = flow.reply(JOE, to(offered, "joe@client.test"), "6")
    return to(answered, "joe@client.test")


def test_a_silent_conversation_goes_with_all_that_belongs_to_it(flow: Flow) -> None:
    booked(flow)
    flow.mail(ANN, asked(flow).address, "I am a stranger here.")
    years_later(flow)
    gone = pruned(flow, 365)
    assert (gone["conversations"], gone["bookings"], gone["questions"]) == (2, 1, 1)
    one = ("Conversation", "Message", "TakenMail", "Delivery", "KnownId")
    assert rows(flow) == {**dict.fromkeys(one, 1), "Participant": 2, "Blob": 2}


def test_a_big_mail_goes_with_all_its_pieces(flow: Flow) -> None:
    head = b"From: joe@client.test\r\nMessage-ID: <big@client.test>\r\nSubject: x\r\n\r\n"
    flow.hand_in(head + b"Again and again.\r\n" * 100_000, ["dana@flow.test"])
    assert len(flow.run(lambda unit: unit.db.all(Piece))) == 8
    years_later(flow)
    assert pruned(flow, 365)["blobs"] == 2
    assert flow.run(lambda unit: unit.db.all(Piece)) == []


def test_a_second_run_finds_nothing(flow: Flow) -> None:
    booked(flow)
    years_later(flow)
    assert pruned(flow, 365)
    assert not +pruned(flow, 365)


def test_what_is_alive_stays_as_a_whole(flow: Flow) -> None:
    question = asked(flow)
    flow.wait(days=400)
    flow.reply(DANA, question, "A late answer.")
    before = rows(flow)
    assert not +pruned(flow, 365)
    assert rows(flow) == before


def test_an_appointment_keeps_its_conversation_until_it_is_past(flow: Flow) -> None:
    told = booked(flow)
    flow.wait(hours=12)
    assert pruned(flow, 0.25)["conversations"] == 0
    assert "cancelled" in to(flow.reply(JOE, told, "cancel"), "joe@client.test").text.lower()


def test_an_appointment_elsewhere_keeps_the_conversation_it_was_offered_in(flow: Flow) -> None:
    booked(flow, "intake")
    flow.wait(hours=12)
    assert pruned(flow, 0.25)["conversations"] == 0


def test_who_lives_on_elsewhere_has_no_offer_any_more(flow: Flow) -> None:
    told = booked(flow, "intake")
    flow.wait(days=400)
    flow.reply(JOE, told, "I still think of our first meeting.")
    gone = pruned(flow, 365)
    assert (gone["conversations"], gone["bookings"]) == (1, 0)
    (booking,) = flow.run(lambda unit: unit.db.all(Booking))
    assert (booking.offer, booking.offered_in) == (None, None)


def test_a_booking_outside_any_conversation_goes_when_it_is_past(flow: Flow) -> None:
    offered = flow.reply(DANA, asked(flow), "/offer quick")
    flow.reply(JOE, to(offered, "joe@client.test"), "1")
    assert pruned(flow, 0)["bookings"] == 0
    years_later(flow)
    assert pruned(flow, 365)["bookings"] == 1
    assert "Attendee" not in rows(flow)


def test_a_mail_that_is_on_its_way_keeps_its_conversation(flow: Flow) -> None:
    asked(flow)
    (copy,) = flow.run(lambda unit: unit.db.all(Delivery))
    flow.run(lambda unit: unit.db.change(copy, state=Sending.QUEUED, settled=None))
    years_later(flow)
    assert not +pruned(flow, 365)
    flow.run(lambda unit: unit.db.change(copy, state=Sending.SENT, settled=flow.now))
    assert pruned(flow, 365)["conversations"] == 1


def test_of_one_host_alone(flow: Flow) -> None:
    asked(flow)
    asked(flow, ANN, "erik")
    # One mail to both hosts is one in each.
    flow.mail(JOE, ["dana@flow.test", "erik@flow.test"], "To both of you.")
    years_later(flow)
    assert pruned(flow, 365, "erik")["conversations"] == 2
    assert len(flow.run(lambda unit: unit.db.all(Conversation, host="dana"))) == 2
    # Bea's to Erik is young, and the one to both is Dana's too.
    assert [rows(flow)[kind] for kind in ("Message", "TakenMail")] == [3, 3]
    assert pruned(flow, 365, "erik") == Counter()


def test_what_belongs_to_no_conversation_goes_too_but_for_no_single_host(flow: Flow) -> None:
    flow.mail(
        "MAILER-DAEMON@x.test",
        "dana@flow.test",
        "An automatic answer.",
        Auto_Submitted="auto-replied",
    )
    flow.hand_in(b"Subject: x\r\n\r\nA mail to nobody.\r\n", ["nobody@elsewhere.test"])
    flow.wait(days=400)
    asked(flow)
    assert pruned(flow, 365, "erik")["mails"] == 0
    assert pruned(flow, 365)["mails"] == 2
    assert len(flow.run(lambda unit: unit.db.all(Conversation))) == 1


def test_a_trial_counts_and_leaves_everything(flow: Flow) -> None:
    booked(flow)
    years_later(flow)
    before = rows(flow)
    would = pruned(flow, 365, trial=True)
    assert rows(flow) == before
    gone = pruned(flow, 365)
    del gone["blobs"]
    assert would == gone


def test_conversations_that_were_joined_go_with_the_one_they_are_part_of(flow: Flow) -> None:
    first = asked(flow)
    second = flow.mail(JOE, "dana@flow.test", "A second thought.")
    joined = f"{first['Message-ID']} {to(second, 'dana@coach.test')['Message-ID']}"
    flow.mail(JOE, "dana@flow.test", "Both at once.", References=joined)
    assert [one.merged_into is None for one in flow.run(lambda u: u.db.all(Conversation))].count(
        False
    ) == 1
    years_later(flow)
    assert pruned(flow, 365)["conversations"] == 2


def test_a_late_answer_starts_anew(flow: Flow) -> None:
    question = asked(flow)
    answer = to(flow.reply(DANA, question, "Yes."), "joe@client.test")
    years_later(flow)
    pruned(flow, 365)
    late = to(flow.reply(JOE, answer, "Sorry that I come so late."), "dana@coach.test")
    assert late.address != question.address
    (conversation,) = flow.run(lambda unit: unit.db.all(Conversation, host="dana"))
    assert conversation.id == late["Mailflow-Conversation"]


def test_the_same_bytes_coming_in_while_they_are_looked_for_stay(flow: Flow) -> None:
    raw = b"From: joe@client.test\r\nMessage-ID: <a@b>\r\nSubject: x\r\n\r\nAgain and again.\r\n"
    flow.hand_in(raw, ["dana@flow.test"])
    years_later(flow)
    age = Age(flow.now - timedelta(days=365))
    for gone in prune(flow.run, age):
        if gone["conversations"]:
            flow.run(
                take, [Envelope("joe@client.test", ("dana@flow.test",), "127.0.0.1", "x", raw)]
            )
    assert flow.run(dangling) == []
    *_, mail = flow.run(lambda unit: unit.db.all(TakenMail))
    assert (mail.state, mail.at) == ("taken", flow.now)


def test_questions_and_notices_go(flow: Flow) -> None:
    flow.mail(ANN, asked(flow).address, "Let me in!")
    assert flow.run(lambda unit: unit.db.all(Question))
    years_later(flow)
    pruned(flow, 365)
    assert flow.run(lambda unit: (unit.db.all(Question), unit.db.all(Notified))) == ([], [])
