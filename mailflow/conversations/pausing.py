"""A conversation through which far too many mails go: a loop, mostly. It rests until its host writes."""

from datetime import timedelta
from functools import partial

from mailflow import wording
from mailflow.conversations.arrival import Arrival
from mailflow.phrases import said
from mailflow.post.letters import notify_in
from mailflow.store.queries import came_in_since
from mailflow.store.states import Role, Taken
from mailflow.store.tables import Conversation, KeptBack, Participant, TakenMail
from mailflow.store.unit import Unit

HOUR = timedelta(hours=1)
MAILS_AN_HOUR = 200
"""More than people write, and few enough that a loop does no harm before it ends."""


def keep_back(
    unit: Unit, conversation: Conversation, author: Participant | None, arrival: Arrival
) -> str | None:
    """Let a mail wait, if its conversation is paused or must be now; returns the reason in words.

    A mail of the host ends the pause, once the hour's mails are below the limit: then what waits is worked on.
    """
    too_many = came_in_since(unit.db, conversation.id, unit.now - HOUR, MAILS_AN_HOUR)
    by_host = author is not None and author.role is Role.HOST and not arrival.mail.automatic
    if conversation.paused and by_host and not too_many:
        _go_on(unit, conversation)
        return None
    if not (conversation.paused or too_many):
        return None
    if not conversation.paused:
        _pause(unit, conversation)
    unit.db.insert(KeptBack(0, conversation.id, arrival.taken))
    return "its conversation is paused, since too many mails came in an hour"


def _pause(unit: Unit, conversation: Conversation) -> None:
    unit.db.change(conversation, paused=True)
    host = unit.config.host(conversation.host)
    lines = [
        said(
            "The conversation “%(subject)s” is paused: %(number)s mails came into it within"
            " an hour, which looks like two programs that answer each other.",
            subject=conversation.subject,
            number=MAILS_AN_HOUR,
        ),
        said(
            "What comes now is kept and goes to nobody. If all is well, write into the conversation"
            " after %(time)s: then it goes on, and what was kept is passed on.",
            time=partial(wording.time, unit.now + HOUR, host.timezone),
        ),
    ]
    notify_in(unit, conversation, "done", {"lines": lines})


def _go_on(unit: Unit, conversation: Conversation) -> None:
    """What was kept is taken up again; what was dropped or let through meanwhile is not."""
    unit.db.change(conversation, paused=False)
    for kept in unit.db.all(KeptBack, conversation=conversation.id):
        taken = unit.db.get(TakenMail, kept.taken)
        if taken.state is Taken.HELD:
            unit.db.change(taken, state=Taken.TAKEN, attempts=0, reason="")
    unit.db.delete(KeptBack, conversation=conversation.id)
