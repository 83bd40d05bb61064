"""The demo's story: a client writes, the host offers times, the client books, all are mailed."""

import re
from collections.abc import Awaitable, Callable
from email.message import EmailMessage

from mailflow.cli.demo_stage import DOMAIN, Stage, answer, letter
from mailflow.errors import MailflowError

ALEX = "alex@client.example"
DANA = "dana@coach.example"

HELLO = """\
Hello Dana,

I lead a small team since the summer, and would like to talk with somebody
about it. Do you have time next week?

Alex
"""
OFFER = """\
Hello Alex,

gladly! Pick whatever suits you.

/offer coaching
"""
FOLLOW_UP = """\
And so that we do not lose sight of each other:

/offer follow-up
"""

Tell = Callable[[str], Awaitable[None]]


async def play(stage: Stage, tell: Tell) -> str:
    """Everything once; `tell` announces each step. Returns the link of a time that is still free."""
    await tell(f"Alex, a client, writes to dana@{DOMAIN}.")
    await stage.send(letter(f"Alex Client <{ALEX}>", f"dana@{DOMAIN}", "Coaching?", HELLO))
    question = await stage.postbox.next_mail(DANA, "relay")

    await tell("Dana answers in her own mail program, with a line of her own: /offer coaching")
    await stage.send(answer(f"Dana Coach <{DANA}>", question, OFFER))
    offer = await stage.postbox.next_mail(ALEX, "offer")
    await stage.postbox.next_mail(DANA, "offer")

    link = slot_link(stage, offer)
    await tell("Alex opens the first link: a page with one button. Nothing is booked yet.")
    await stage.visit(link)
    await tell("Alex presses the button: the time is booked, and both are told.")
    await stage.press(link)
    booked = await stage.postbox.next_mail(DANA, "booking")
    await stage.postbox.next_mail(ALEX, "booking")

    await tell("Dana answers that mail, and offers a second, shorter call: /offer follow-up")
    await stage.send(answer(f"Dana Coach <{DANA}>", booked, FOLLOW_UP))
    fresh = await stage.postbox.next_mail(ALEX, "offer")
    await stage.postbox.next_mail(DANA, "offer")
    return slot_link(stage, fresh)


def slot_link(stage: Stage, offer: EmailMessage) -> str:
    """The first link of an offer, as its text has it."""
    link = re.search(rf"{re.escape(stage.site)}/slot/\S+", plain_text(offer))
    if link is None:
        raise MailflowError("the offer has no link")
    return link[0]


def plain_text(mail: EmailMessage) -> str:
    """The text of a mail."""
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part else ""
