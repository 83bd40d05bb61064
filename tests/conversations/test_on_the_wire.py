"""What leaves the house, byte by byte: the mails of one conversation as they go over the wire."""

import pytest

from mailflow.mail.wire.writing import check_wire
from tests.conftest import Golden
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import Flow, Sent, to

EXCHANGE_ID = "AM0PR04MB1234" + "5678ABCDEF" * 7 + "@AM0PR04MB1234.eurprd04.prod.outlook.com"


def story(flow: Flow) -> dict[str, Sent]:
    """A conversation of three people, from a client's first mail to a cancelled booking."""
    asked = to(
        flow.mail(
            JOE,
            "dana@flow.test",
            "Können wir uns treffen?",
            cc=ANN,
            subject="Übung für Anfänger",
            Message_ID=f"<{EXCHANGE_ID}>",
        ),
        "dana@coach.test",
    )
    offer = to(flow.reply(DANA, asked, "Gladly.\n/offer coaching"), "joe@client.test")
    booked = to(flow.reply(JOE, offer, "2"), "joe@client.test")
    passed = to(flow.reply(JOE, booked, "See you then."), "ann@friend.test")
    moved = to(flow.reply(DANA, asked, "/move 2026-12-01T18:00"), "joe@client.test")
    cancelled = to(flow.reply(JOE, moved, "cancel"), "dana@coach.test")
    return {
        "relay-to-the-host": asked,
        "offer": offer,
        "booking": booked,
        "relay-to-a-participant": passed,
        "booking-moved": moved,
        "booking-cancelled-to-the-host": cancelled,
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
