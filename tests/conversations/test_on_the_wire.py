"""What leaves the house, byte by byte: the mails of one conversation as they go over the wire."""

from collections import defaultdict
from collections.abc import Iterator

import pytest

from mailflow.mail.subjects import base_subject
from mailflow.mail.wire.writing import check_wire
from tests.conftest import Golden
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import Flow, Sent, to

EXCHANGE_ID = "AM0PR04MB1234" + "5678ABCDEF" * 7 + "@AM0PR04MB1234.eurprd04.prod.outlook.com"


def steps(flow: Flow) -> Iterator[list[Sent]]:
    """What goes out at each step of a conversation of three, from a client's first mail to a cancelled booking."""
    asked = flow.mail(
        JOE,
        "dana@flow.test",
        "Können wir uns treffen?",
        cc=ANN,
        subject="Übung für Anfänger",
        Message_ID=f"<{EXCHANGE_ID}>",
    )
    yield asked
    question = to(asked, "dana@coach.test")
    offered = flow.reply(DANA, question, "Gladly.\n/offer coaching")
    yield offered
    booked = flow.reply(JOE, to(offered, "joe@client.test"), "2")
    yield booked
    yield flow.reply(JOE, to(booked, "joe@client.test"), "See you then.")
    moved = flow.reply(DANA, question, "/move 2026-12-01T18:00")
    yield moved
    yield flow.reply(JOE, to(moved, "joe@client.test"), "cancel")


def story(flow: Flow) -> dict[str, Sent]:
    """One copy of each step."""
    names = {
        "relay-to-the-host": "dana@coach.test",
        "offer": "joe@client.test",
        "booking": "joe@client.test",
        "relay-to-a-participant": "ann@friend.test",
        "booking-moved": "joe@client.test",
        "booking-cancelled-to-the-host": "dana@coach.test",
    }
    return {
        name: to(sent, recipient)
        for (name, recipient), sent in zip(names.items(), steps(flow), strict=True)
    }


def test_the_mails_of_a_conversation_are_pinned(flow: Flow, golden: Golden) -> None:
    for name, copy in story(flow).items():
        check_wire(copy.raw)
        golden(f"{name}.eml", copy.raw)


def test_ids_stand_literally_and_the_thread_is_complete(flow: Flow) -> None:
    mails = story(flow)
    root = f"<{EXCHANGE_ID}>"
    for name, copy in mails.items():
        head = copy.raw.partition(b"\r\n\r\n")[0]
        for line in head.split(b"\r\n"):
            if line.startswith((b"References", b"In-Reply-To", b"Message-ID", b"Thread-Index")):
                assert b"=?" not in line
        if name != "relay-to-the-host":
            assert copy["References"].split()[0] == root
            assert copy["In-Reply-To"].split()[-1] == copy["References"].split()[-1]
            assert copy["Subject"] == "Re: Übung für Anfänger"
    indexes = {copy["Thread-Index"][:24] for copy in mails.values() if copy["Thread-Index"]}
    assert len(indexes) == 1


def test_copies_of_one_message_have_the_same_header_but_for_to(flow: Flow) -> None:
    for sent in steps(flow):
        heads = {
            tuple(
                (name, value)
                for name, value in copy.message.raw_items()
                if name not in ("To", "Content-Type")  # a boundary is of what it bounds
            )
            for copy in sent
        }
        assert len(heads) == 1
        assert {copy.address.partition("@")[2] for copy in sent} == {"flow.test"}


def test_every_client_shows_each_recipient_one_thread(flow: Flow) -> None:
    """By ids alone, as Thunderbird does; by ids and subject, as Gmail; by Thread-Index, else ids, as Outlook."""
    boxes: dict[str, list[Sent]] = defaultdict(list)
    for sent in steps(flow):
        for copy in sent:
            boxes[copy.recipient].append(copy)
    assert {name: len(box) for name, box in boxes.items()} == {
        "dana@coach.test": 6,
        "joe@client.test": 4,
        "ann@friend.test": 5,
    }
    for box in boxes.values():
        first, *others = box
        thread = {first["Message-ID"], *first["References"].split()}
        for copy in others:
            named = {*copy["References"].split(), copy["In-Reply-To"]}
            assert named & thread
            thread |= named | {copy["Message-ID"]}
            assert base_subject(copy["Subject"]) == "Übung für Anfänger"
        assert len({copy["Thread-Index"][:28] for copy in box if copy["Thread-Index"]}) == 1


def test_what_no_person_wrote_is_marked_and_only_calendars_may_answer(flow: Flow) -> None:
    asked, offered, booked, passed, *_ = steps(flow)
    (noticed,) = flow.reply(DANA, to(asked, "dana@coach.test"), "/who")
    for copy in (*asked, *offered, *passed):
        assert (copy["Auto-Submitted"], copy["X-Auto-Response-Suppress"]) == ("", "")
    for copy, suppressed in (
        *((copy, "OOF, RN, NRN") for copy in booked),
        (noticed, "OOF, AutoReply, RN, NRN"),
    ):
        assert copy["Auto-Submitted"] == "auto-generated"
        assert copy["X-Auto-Response-Suppress"] == suppressed
    assert not any(copy["Precedence"] for copy in (*asked, *offered, *booked, *passed, noticed))


def test_no_private_address_is_shown_to_anybody_else(flow: Flow) -> None:
    private = {"joe@client.test", "ann@friend.test", "dana@coach.test"}
    for copy in story(flow).values():
        others = private - {copy.recipient}
        assert not [one for one in others if one.encode() in copy.raw]


@pytest.mark.parametrize(
    "text", ["é" * 2000, "x" * 5000, "a\r\n.\r\nb", "\N{BLACK HEART SUIT}" * 300]
)
def test_whatever_is_passed_on_is_safe_on_the_wire(flow: Flow, text: str) -> None:
    asked = to(flow.mail(JOE, "dana@flow.test", text), "dana@coach.test")
    check_wire(asked.raw)
    assert asked.text.strip() == text.replace("\r\n", "\n").strip()
