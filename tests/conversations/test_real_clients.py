"""Answers as real mail clients write them, to a real offer: the choice is heard, the words are kept, no link leaks."""

import html
import re
from collections.abc import Callable
from email import policy
from email.message import EmailMessage

import pytest

from mailflow.keys import LINK_SHAPE
from mailflow.store.states import Direction
from mailflow.store.tables import Message
from tests.appointments.test_booking import the_booking
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import Flow, Sent, to

Quoting = Callable[[Sent, str], str]


def top_posted(offer: Sent, words: str) -> str:
    quoted = "".join(f"> {line}\n" for line in offer.text.splitlines())
    return f"{words}\n\nOn 23/11/2026 10:00, Dana Coach wrote:\n{quoted}"


def below(offer: Sent, words: str) -> str:
    """Thunderbird and Roundcube, told so: no empty line between the quote and the answer."""
    quoted = "".join(f"> {line}\n" for line in offer.text.splitlines())
    return f"On 23/11/2026 10:00, Dana Coach wrote:\n{quoted}{words}\n"


def tabbed(offer: Sent, words: str) -> str:
    """s-nail marks with a tab, and writes the address into the attribution."""
    quoted = "".join(f"\t{line}\n" for line in offer.text.splitlines())
    return f'"Dana Coach" <{offer.address}> wrote:\n\n{quoted}\n{words}\n'


def outlook(offer: Sent, words: str) -> str:
    """No marks at all: a header block, then the whole mail."""
    return (
        f"{words}\n\n________________________________\nFrom: Dana Coach <{offer.address}>\n"
        f"Sent: Monday, November 23, 2026 10:00 AM\nTo: Joe Client <joe@client.test>\n"
        f"Subject: {offer['Subject']}\n\n{offer.text}"
    )


def links_at_the_end(offer: Sent, words: str) -> str:
    """Roundcube turns links into numbers, and lists them behind the quote, unmarked."""
    links = re.findall(r"https://flow\.test/\S+", offer.text)
    listed = "".join(f"[{number}] {link}\n" for number, link in enumerate(links, 1))
    return f"{top_posted(offer, words)}\n\nLinks:\n------\n{listed}"


QUOTINGS = [top_posted, below, tabbed, outlook, links_at_the_end]


def offered(flow: Flow) -> Sent:
    asked = to(flow.mail(JOE, "dana@flow.test", "Can we meet?", cc=ANN), "dana@coach.test")
    return to(flow.reply(DANA, asked, "Gladly.\n/offer coaching"), "joe@client.test")


@pytest.mark.parametrize("quoting", QUOTINGS, ids=lambda one: one.__name__)
def test_a_number_books_whoever_quotes_how(flow: Flow, quoting: Quoting) -> None:
    offer = offered(flow)
    sent = flow.reply(JOE, offer, quoting(offer, "2"))
    assert {copy["Mailflow-Kind"] for copy in sent} == {"booking"}
    assert the_booking(flow).status == "confirmed"


def as_html(offer: Sent, words: str) -> str:
    quoted = html.escape(offer.text).replace("\n", "<br>\n")
    return (
        f"<html><body><p>{words}</p><div class='moz-cite-prefix'>On 23/11/2026 10:00, Dana Coach"
        f" wrote:<br></div><blockquote type='cite'>{quoted}</blockquote></body></html>"
    )


@pytest.mark.parametrize("kind", ["html", "alternative", "flowed"])
def test_a_number_books_in_whatever_format_thunderbird_is_told_to_write(
    flow: Flow, kind: str
) -> None:
    offer = offered(flow)
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"], mail["In-Reply-To"] = JOE, offer.address, offer["Message-ID"]
    if kind == "html":
        mail.set_content(as_html(offer, "2"), subtype="html")
    else:
        mail.set_content(top_posted(offer, "2"))
        mail.set_param("format", "flowed")
    if kind == "alternative":
        mail.add_alternative(as_html(offer, "2"), subtype="html")
    sent = flow.hand_in(mail.as_bytes(), [offer.address])
    assert {copy["Mailflow-Kind"] for copy in sent} == {"booking"}
    assert flow.run(lambda unit: unit.db.all(Message, direction=Direction.IN)[-1].text) == "2"


@pytest.mark.parametrize("quoting", QUOTINGS, ids=lambda one: one.__name__)
def test_the_words_alone_are_recorded(flow: Flow, quoting: Quoting) -> None:
    offer = offered(flow)
    words = "None of these works for me.\nWhat about the week after?"
    flow.reply(JOE, offer, quoting(offer, words))
    assert flow.run(lambda unit: unit.db.all(Message)[-1].text) == words


def broken_links(text: str) -> str:
    """Thunderbird's format=flowed breaks a long link behind its last slash."""
    return re.sub(r"(https://flow\.test/\w+/)(\S+)", r"<\1 \n> \2>", text)


@pytest.mark.parametrize("mangled", [str, broken_links], ids=["as they were", "broken in two"])
@pytest.mark.parametrize("quoting", QUOTINGS, ids=lambda one: one.__name__)
def test_no_personal_link_reaches_anybody_else(
    flow: Flow, quoting: Quoting, mangled: Callable[[str], str]
) -> None:
    offer = offered(flow)
    assert LINK_SHAPE.search(offer.text)
    for copy in flow.reply(JOE, offer, mangled(quoting(offer, "Which is best?"))):
        assert not LINK_SHAPE.search(copy.text)
        assert "Which is best?" in copy.text


def test_every_link_of_a_booking_is_made_inert(flow: Flow) -> None:
    booked = to(flow.reply(JOE, offered(flow), "1"), "joe@client.test")
    (copy, *_) = flow.reply(JOE, booked, top_posted(booked, "See you."))
    assert not LINK_SHAPE.search(copy.text)
