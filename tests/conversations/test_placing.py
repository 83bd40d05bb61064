"""Where mails land: by ids, in any order of arrival, joined where that is safe."""

import re
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from mailflow.mail import thread_index
from mailflow.store.tables import Conversation, Merge, Message
from mailflow.store.unit import Unit
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import START, Flow, to

Letter = tuple[str, list[str], str | None]
"""Its id, its References, its In-Reply-To."""

SETS: dict[str, list[Letter]] = {
    "chain": [("1", [], None), ("2", ["1"], "1"), ("3", ["1", "2"], "2")],
    "only In-Reply-To": [("1", [], None), ("2", [], "1"), ("3", [], "2")],
    "two answers to a lost parent": [("2", ["1"], "1"), ("3", ["1"], "1")],
    "two orphans that a third joins": [
        ("2", ["a"], None),
        ("3", ["b"], None),
        ("4", ["a", "b"], None),
    ],
    "strangers to each other": [("1", [], None), ("2", [], None), ("3", ["2"], "2")],
    "cycle of two": [("1", ["2"], "2"), ("2", ["1"], "1")],
    "cycle of three": [("1", ["3"], None), ("2", ["1"], None), ("3", ["2"], None)],
    "naming itself": [("1", ["1"], "1"), ("2", ["1"], "1")],
    "doubled ids": [("1", [], None), ("2", ["1", "1", "1"], "1")],
    "a gap": [("1", [], None), ("4", ["1", "2", "3"], "3"), ("3", ["1", "2"], "2")],
}


def groups(flow: Flow) -> set[frozenset[str]]:
    """The ids of the messages of each conversation."""

    def read(unit: Unit) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for message in unit.db.all(Message):
            found.setdefault(message.conversation, set()).add(message.message_id.partition("@")[0])
        return {frozenset(one) for one in found.values()}

    return flow.run(read)


def hand_in(flow: Flow, letter: Letter) -> None:
    ident, references, parent = letter
    headers: dict[str, Any] = {"Message_ID": f"<{ident}@client.test>"}
    if references:
        headers["References"] = " ".join(f"<{one}@client.test>" for one in references)
    if parent:
        headers["In_Reply_To"] = f"<{parent}@client.test>"
    flow.mail(JOE, "dana@flow.test", f"Letter {ident}", **headers)


@pytest.mark.parametrize("letters", SETS.values(), ids=SETS)
def test_every_order_of_arrival_gives_the_same_conversations(
    tmp_path: Path, letters: list[Letter]
) -> None:
    outcomes = set()
    for number, order in enumerate(permutations(letters)):
        folder = tmp_path / str(number)
        folder.mkdir()
        flow = Flow(folder)
        for letter in order:
            hand_in(flow, letter)
            flow.wait(minutes=1)
        outcomes.add(frozenset(groups(flow)))
        flow.close()
    assert len(outcomes) == 1


def test_conversations_are_not_joined_once_the_host_has_answered_in_one(flow: Flow) -> None:
    flow.mail(JOE, "dana@flow.test", References="<a@x>")
    flow.wait(minutes=1)
    other = to(flow.mail(JOE, "dana@flow.test", References="<b@x>"), "dana@coach.test")
    flow.reply(DANA, other, "Hello.")
    flow.mail(JOE, "dana@flow.test", References="<a@x> <b@x>")
    assert sorted(len(group) for group in groups(flow)) == [1, 3]


def test_conversations_of_different_people_are_not_joined(flow: Flow) -> None:
    flow.mail(JOE, "dana@flow.test", References="<a@x>")
    flow.wait(minutes=1)
    flow.mail(ANN, "dana@flow.test", References="<b@x>")
    flow.mail(ANN, "dana@flow.test", References="<a@x> <b@x>")
    assert sorted(len(group) for group in groups(flow)) == [1, 2]


def test_the_address_of_a_joined_conversation_leads_to_the_other(flow: Flow) -> None:
    one = to(flow.mail(JOE, "dana@flow.test", References="<a@x>"), "dana@coach.test")
    flow.wait(minutes=1)
    other = to(flow.mail(JOE, "dana@flow.test", References="<b@x>"), "dana@coach.test")
    flow.mail(JOE, "dana@flow.test", References="<a@x> <b@x>")
    (copy,) = flow.reply(DANA, other, "Hello.")
    assert copy["Mailflow-Conversation"] == one["Mailflow-Conversation"]
    (copy,) = flow.mail(JOE, "dana@flow.test", "And?", In_Reply_To=other["Message-ID"])
    assert copy["Mailflow-Conversation"] == one["Mailflow-Conversation"]
    (event,) = flow.run(lambda unit: unit.db.all(Merge))
    assert (event.loser, event.winner) == (
        other["Mailflow-Conversation"],
        one["Mailflow-Conversation"],
    )
    moved = [one for one in flow.run(lambda unit: unit.db.all(Message)) if one.id in event.messages]
    assert [f"<{message.message_id}>" for message in moved] == [other["Message-ID"]]


def test_an_id_of_another_hosts_conversation_has_no_effect(flow: Flow) -> None:
    flow.mail(JOE, "dana@flow.test", Message_ID="<1@client.test>")
    flow.mail(JOE, "erik@flow.test", In_Reply_To="<1@client.test>")
    assert len(groups(flow)) == 2


def test_the_address_wins_over_the_ids_and_that_is_noted(flow: Flow) -> None:
    one = to(flow.mail(JOE, "dana@flow.test", subject="One"), "dana@coach.test")
    other = to(flow.mail(JOE, "dana@flow.test", subject="Other"), "dana@coach.test")
    copy = to(flow.mail(JOE, one.address, answers=other), "dana@coach.test")
    assert copy["Mailflow-Conversation"] == one["Mailflow-Conversation"]
    evidence = flow.run(lambda unit: unit.db.all(Message)[-1].evidence)
    assert evidence.startswith("its address, though its References name")
    assert len(groups(flow)) == 2


def test_ids_count_from_the_newest_reference_to_the_thread_index(flow: Flow) -> None:
    """Each in turn, in conversations that cannot be joined since their host has answered."""
    placed = []
    for number in range(3):
        headers: dict[str, Any] = {"Message_ID": f"<{number}@client.test>"}
        subject = f"Question {number}"
        asked = flow.mail(
            JOE, "dana@flow.test", subject=subject, Thread_Index=indexed(number), **headers
        )
        flow.reply(DANA, asked[0], "Hello.")
        placed.append(asked[0]["Mailflow-Conversation"])
    evidence: dict[str, Any] = {
        "References": "<1@client.test> <0@client.test>",
        "In_Reply_To": "<1@client.test>",
        "Thread_Index": indexed(2),
    }
    found = []
    for name in tuple(evidence):
        sent = flow.mail(JOE, "dana@flow.test", name, subject="RE: Question 2", **evidence)
        found.append(to(sent, "dana@coach.test")["Mailflow-Conversation"])
        del evidence[name]
    assert found == placed


def test_a_changed_subject_starts_nothing_and_stays_the_mails_own(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", subject="Coaching"), "dana@coach.test")
    by_id: dict[str, Any] = {"In_Reply_To": asked["Message-ID"]}
    sent = flow.mail(JOE, asked.address, "By address.", subject="Lunch")
    sent += flow.mail(JOE, "dana@flow.test", "By id.", subject="Lunch", **by_id)
    for copy in sent:
        assert copy["Subject"] == "Lunch"
        assert copy["Mailflow-Conversation"] == asked["Mailflow-Conversation"]


def test_a_mail_that_was_named_before_it_came_joins_if_its_author_may(flow: Flow) -> None:
    headers: dict[str, Any] = {"Message_ID": "<lost@client.test>"}
    flow.mail(JOE, "dana@flow.test", References="<lost@client.test>")
    (question,) = flow.mail(ANN, "dana@flow.test", "I wrote that.", **headers)
    assert (question["Mailflow-Kind"], "ann@friend.test" in question.text) == ("notice", True)
    (copy,) = flow.mail(JOE, "dana@flow.test", "Or did I?", **headers)
    assert copy["Mailflow-Kind"] == "relay"
    assert len(groups(flow)) == 1


def test_what_a_stranger_names_ties_nobody_to_the_conversation(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test"), "dana@coach.test")
    flow.mail("eve@evil.test", asked.address, References="<next@friend.test>")
    (copy,) = flow.mail(ANN, "dana@flow.test", "Hello.", Message_ID="<next@friend.test>")
    assert copy["Mailflow-Kind"] == "relay"
    assert copy["Mailflow-Conversation"] != asked["Mailflow-Conversation"]


def test_another_mail_under_a_used_id_is_tied_by_nothing_to_the_first(flow: Flow) -> None:
    """An attacker may have chosen the id; and the same mail again is still the same."""
    used: dict[str, Any] = {
        "Message_ID": "<used@client.test>",
        "Date": "Mon, 23 Nov 2026 10:00:00 +0100",
    }
    first = to(flow.mail(JOE, "dana@flow.test", "One", **used), "dana@coach.test")
    second = to(flow.mail(JOE, "dana@flow.test", "Two", **used), "dana@coach.test")
    third = to(flow.mail(ANN, "dana@flow.test", "Three", **used), "dana@coach.test")
    placed = [copy["Mailflow-Conversation"] for copy in (first, second, third)]
    assert len(set(placed)) == 3
    assert {copy["Mailflow-Kind"] for copy in (first, second, third)} == {"relay"}
    for author, text in ((JOE, "One"), (JOE, "Two"), (ANN, "Three")):
        assert flow.mail(author, "dana@flow.test", text, **used) == []
    fourth = to(flow.mail(JOE, "dana@flow.test", "Four", answers=second, **used), "dana@coach.test")
    assert fourth["Mailflow-Conversation"] == second["Mailflow-Conversation"]


def indexed(number: int) -> str:
    root = thread_index.root(START, lambda count: bytes([number]) * count)
    return thread_index.write(root)


@pytest.mark.parametrize(
    ("author", "subject", "index", "conversations"),
    [
        (JOE, "RE: A question", indexed(1), 1),
        (JOE, "Another question", indexed(1), 2),
        (JOE, "RE: A question", indexed(2), 2),
        (ANN, "RE: A question", indexed(1), 2),
        (JOE, "RE: A question", "AAAA", 2),
    ],
    ids=["same thread", "other subject", "other thread", "other author", "invalid"],
)
def test_a_thread_index_places_what_exchange_stripped_of_its_ids(
    flow: Flow, author: str, subject: str, index: str, conversations: int
) -> None:
    flow.mail(JOE, "dana@flow.test", Thread_Index=indexed(1))
    flow.mail(author, "dana@flow.test", subject=subject, Thread_Index=index)
    assert len(groups(flow)) == conversations


def test_a_thread_index_places_nothing_automatic_and_nothing_that_two_have(flow: Flow) -> None:
    for subject in ("A question", "Another"):
        flow.mail(JOE, "dana@flow.test", subject=subject, Thread_Index=indexed(1))
    flow.mail(JOE, "dana@flow.test", subject="RE: Another", Thread_Index=indexed(1))
    assert len(groups(flow)) == 3
    flow.mail(JOE, "dana@flow.test", Thread_Index=indexed(2))
    automatic: dict[str, Any] = {"Thread_Index": indexed(2), "Auto_Submitted": "auto-replied"}
    flow.mail(JOE, "dana@flow.test", **automatic)
    assert len(groups(flow)) == 5


def test_a_closed_conversation_is_opened_by_a_later_mail(flow: Flow) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test"), "dana@coach.test")
    flow.reply(DANA, asked, "/close")
    assert flow.run(lambda unit: unit.db.all(Conversation)[0].closed)
    flow.mail(JOE, asked.address, "I am away.", Auto_Submitted="auto-replied")
    assert flow.run(lambda unit: unit.db.all(Conversation)[0].closed)
    sent = flow.mail(JOE, asked.address, "One more thing.")
    assert {copy["Mailflow-Kind"] for copy in sent} == {"notice", "relay"}
    assert not flow.run(lambda unit: unit.db.all(Conversation)[0].closed)


@pytest.mark.parametrize("evil", ["ü@client.test", "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=@x", "@x"])
def test_an_id_that_no_copy_could_bear_gives_way_to_one_of_ours(flow: Flow, evil: str) -> None:
    fields = f"From: joe@client.test\r\nTo: dana@flow.test\r\nMessage-ID: <{evil}>\r\n"
    (copy,) = flow.hand_in(f"{fields}\r\nHello\r\n".encode(), ["dana@flow.test"])
    assert re.fullmatch(r"<[0-9a-f]{32}@flow\.test>", copy["Message-ID"])
