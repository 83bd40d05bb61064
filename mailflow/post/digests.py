"""One mail an hour for the notices that were too many to be mailed one by one."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from mailflow.mail.addresses import Person
from mailflow.phrases import ENGLISH, Words, counted, said
from mailflow.post.letters import mail_notice, own_words, write_notice
from mailflow.store.queries import waiting_notices
from mailflow.store.tables import Notified
from mailflow.store.unit import Unit

LISTED = 100
"""Notices that a digest names: a longer list is read by nobody."""


def send_digests(unit: Unit) -> int:
    """Mail each recipient what has waited for an hour, and all that came since. Returns to how many."""
    waiting = waiting_notices(unit.db, unit.now - timedelta(hours=1))
    by_recipient = sorted(waiting, key=attrgetter("recipient"))
    sent = 0
    for recipient, notices in groupby(by_recipient, key=attrgetter("recipient")):
        _send(unit, recipient, list(notices))
        sent += 1
    return sent


def _send(unit: Unit, recipient: str, notices: Sequence[Notified]) -> None:
    for one in notices:
        unit.db.delete(Notified, id=one.id)
    more = len(notices) - LISTED
    lines: list[Words] = [
        counted(
            len(notices),
            "There was one more notice within the hour than are mailed one by one."
            " It stands here with the address where an answer to it goes.",
            "There were %(number)s more notices within the hour than are mailed one by one."
            " Each stands here with the address where an answer to it goes.",
        ),
        *(one.gist for one in notices[:LISTED]),
    ]
    if more > 0:
        lines.append(said("And %(number)s more: ask your operator what is held.", number=more))
    subject = counted(len(notices), "One notice in one mail", "%(number)s notices in one mail")
    notice = own_words(unit, subject, lines)
    host = unit.config.host_of(recipient)
    written = write_notice(unit, notice, host.language if host else ENGLISH)
    mail_notice(unit, Person("", recipient), notice, written)
