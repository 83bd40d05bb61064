"""Mails that are held or parked: listed, let through, or dropped by the operator."""

import re
from collections.abc import Sequence

from mailflow.appointments.listing import Facts, in_utc
from mailflow.conversations.questions import answer_question
from mailflow.conversations.taking import set_aside
from mailflow.errors import MailflowError
from mailflow.mail.message_ids import canonical
from mailflow.store.blobs import beginning
from mailflow.store.states import Taken
from mailflow.store.tables import Question, TakenMail
from mailflow.store.unit import Unit

SEARCHED = 65_536
"""Octets of a mail that cannot be read, in which its id is looked for: a header has fewer."""

_MESSAGE_ID = re.compile(rb"^message-id:\s*<([^<>\r\n]{1,512})>", re.IGNORECASE | re.MULTILINE)


def held_mails(unit: Unit) -> list[Facts]:
    """All mails that are held or parked, oldest first."""
    found = [one for state in (Taken.HELD, Taken.PARKED) for one in _all(unit, state)]
    return [_facts(unit, one) for one in sorted(found, key=lambda one: one.id)]


def release(unit: Unit, ident: int) -> None:
    """Let a held mail through, as the host's `yes` does; one that is no question is tried again.

    Raises `HeldMailUnread`.
    """
    taken = _held(unit, ident)
    questions = _questions(unit, taken)
    if not questions:
        unit.db.change(taken, state=Taken.TAKEN, attempts=0, lease=unit.now, reason="")
    for question in questions:
        answer_question(unit, question, "yes", "")


def drop(unit: Unit, ident: int) -> None:
    """Drop a held mail, as the host's `no` does; its bytes are kept."""
    taken = _held(unit, ident)
    questions = _questions(unit, taken)
    for question in questions:
        unit.db.change(question, answered=True)
    by = "the host" if questions else "the operator"
    set_aside(unit, ident, Taken.DROPPED, f"{by} dropped it")


def message_id_of(unit: Unit, taken: TakenMail) -> str | None:
    """The id of a mail, found in its bytes where it could not be read; None if there is none."""
    if taken.message_id:
        return taken.message_id
    raw, _ = beginning(unit.db, taken.blob)
    match = _MESSAGE_ID.search(raw[:SEARCHED])
    text = match[1].decode("utf-8", "replace") if match else ""
    return canonical(text, unit.config.mailflow.domain)


def _all(unit: Unit, state: Taken) -> list[TakenMail]:
    return unit.db.all(TakenMail, state=state)


def _held(unit: Unit, ident: int) -> TakenMail:
    taken = unit.db.find(TakenMail, id=ident)
    if taken is None or taken.state not in (Taken.HELD, Taken.PARKED):
        raise MailflowError(f"no mail {ident} is held")
    return taken


def _questions(unit: Unit, taken: TakenMail) -> Sequence[Question]:
    return unit.db.all(Question, taken=taken.id, answered=False)


def _facts(unit: Unit, taken: TakenMail) -> Facts:
    return {
        "id": taken.id,
        "at": in_utc(taken.at),
        "from": taken.author or taken.sender,
        "subject": taken.subject,
        "message_id": message_id_of(unit, taken),
        "state": taken.state.value,
        "reason": taken.reason,
    }
