"""Conversations by their words, whatever the words are, and whoever has written them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailflow.conversations.showing import conversation_list
from mailflow.store.search import conversations_with_words
from mailflow.store.tables import Conversation, Message, Participant
from mailflow.store.unit import Unit
from tests.flow import Flow, to

JOE = "Joe Müller <joe.client@client.test>"
ANN = "Ann Friend <ann@friend.test>"
DANA = "Dana Coach <dana@coach.test>"


def found(flow: Flow, words: str) -> list[str]:
    """The subjects of the conversations that are found, in their order."""
    return [one["subject"] for one in flow.run(conversation_list, words)]


@pytest.fixture
def past(flow: Flow) -> Flow:
    asked = to(
        flow.mail(JOE, "dana@flow.test", "The river of my dreams.", subject="Coaching in spring"),
        "dana@coach.test",
    )
    flow.wait(hours=1)
    flow.reply(DANA, asked, "Mountains are better, über alles.")
    flow.wait(hours=1)
    flow.mail(ANN, "dana@flow.test", "What does it cost in spring?", subject="An offer")
    return flow


BOTH = ["An offer", "Coaching in spring"]


@pytest.mark.parametrize(
    ("words", "subjects"),
    [
        ("river", ["Coaching in spring"]),
        ("RIVER dreams", ["Coaching in spring"]),
        ("spring", BOTH),
        ("spr", BOTH),
        ("river cost", []),
        ("joe mountains", ["Coaching in spring"]),
        ("muller", ["Coaching in spring"]),
        ("joe.client@client.test", ["Coaching in spring"]),
        ("uber", ["Coaching in spring"]),
        ('"of my dreams"', ["Coaching in spring"]),
        ('"my of dreams"', []),
        ('"drea"', []),
        ('ann "in spring', ["An offer"]),
        ("river OR cost", []),
        ("river NOT mountains", []),
        ("subject:spring", []),
        ("spring -- !", BOTH),
        ("--", []),
        ("", []),
        ("nowhere", []),
        ("riv\udcffer", []),
    ],
)
def test_all_words_must_stand_in_a_conversation(
    past: Flow, words: str, subjects: list[str]
) -> None:
    assert found(past, words) == subjects


@given(
    st.text() | st.lists(st.sampled_from([*'"*():^{}+-', "NEAR", "AND", "ann", " "])).map("".join)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_words_are_only_words(flow: Flow, words: str) -> None:
    assert flow.run(lambda unit: conversations_with_words(unit.db, words)) == set()


def test_the_index_follows_every_change(flow: Flow) -> None:
    flow.mail(JOE, "dana@flow.test", "river", subject="One")

    def change(unit: Unit) -> None:
        (message,) = unit.db.all(Message)
        unit.db.change(message, text="mountain")
        joe = unit.db.find(Participant, address="joe.client@client.test")
        unit.db.change(joe, name="Somebody")
        unit.db.change(message, author_name="Somebody")

    flow.run(change)
    assert (found(flow, "river"), found(flow, "muller")) == ([], [])
    assert found(flow, "mountain somebody") == ["One"]
    flow.run(lambda unit: unit.db.delete(Message))
    flow.run(lambda unit: unit.db.delete(Participant))
    assert (found(flow, "mountain"), found(flow, "somebody")) == ([], [])


def test_a_joined_conversation_is_found_by_the_words_of_both(flow: Flow) -> None:
    flow.mail(JOE, "dana@flow.test", "river", subject="One", References="<a@x>")
    flow.wait(minutes=1)
    flow.mail(JOE, "dana@flow.test", "mountain", subject="Two", References="<b@x>")
    flow.mail(JOE, "dana@flow.test", "lake", subject="Three", References="<a@x> <b@x>")
    assert found(flow, "river mountain lake") == ["One"]
    assert len(flow.run(lambda unit: unit.db.all(Conversation))) == 2
