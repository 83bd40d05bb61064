"""Why a mail stands where it does: the rule that placed, held or dropped it, in plain words."""

from mailflow.appointments.listing import Facts
from mailflow.conversations.held import message_id_of
from mailflow.errors import MailflowError
from mailflow.mail.message_ids import canonical
from mailflow.store.states import Direction, Taken
from mailflow.store.tables import Message, TakenMail
from mailflow.store.unit import Unit

_RULES = {
    "its address": "it came to the address of this conversation",
    "it starts the conversation": "nothing that it names is known: it starts a conversation",
    "the host started the conversation": "the host wrote to clients: it starts a conversation",
    "imported": "it was imported, and nothing that it names is known: it starts a conversation",
    "the host said yes": "it was held, and the host said yes",
    "the envelope sender of a delivery": "it is a report about a mail that we sent from here",
}
"""Evidence that says too little to somebody who did not write the rules."""


def why(unit: Unit, message_id: str) -> list[Facts]:
    """What became of the mails of that id, and by which rule.

    Raises `MailflowError` for one that is not known, or not worked on yet.
    """
    domain = unit.config.mailflow.domain
    wanted = canonical(message_id.strip().removeprefix("<").removesuffix(">"), domain) or ""
    taken = _taken(unit, wanted)
    found = [finding for one in taken for finding in _of_taken(unit, one)]
    if not taken:
        found = [_placed(unit, one) for one in unit.db.all(Message, message_id=wanted)]
    if not found:
        waits = any(one.state is Taken.TAKEN for one in taken)
        said = "is not worked on yet" if waits else "is not known here"
        raise MailflowError(f"the mail {message_id} {said}")
    return found


def _taken(unit: Unit, message_id: str) -> list[TakenMail]:
    """The mails of that id; one that was never read through has it in its bytes alone."""
    unread = unit.db.all(TakenMail, message_id=None)
    return [
        *unit.db.all(TakenMail, message_id=message_id),
        *(one for one in unread if message_id_of(unit, one) == message_id),
    ]


def _of_taken(unit: Unit, taken: TakenMail) -> list[Facts]:
    placed = [_placed(unit, one) for one in unit.db.all(Message, taken=taken.id)]
    match taken.state:
        case Taken.TAKEN:
            return []
        case Taken.DONE if placed:
            return placed
        case Taken.DONE:
            again = "it came before, or it was an answer that is recorded by its effect"
            return [_finding("done", taken.reason or again)]
        case _:
            return [*placed, _finding(taken.state.value, taken.reason)]


def _placed(unit: Unit, message: Message) -> Facts:
    if message.direction is Direction.OUT:
        return _finding("made", f"mailflow made it: {message.kind}", message.conversation)
    rule = _RULES.get(message.evidence, f"it names a mail of this conversation: {message.evidence}")
    return _finding("placed", rule, message.conversation)


def _finding(state: str, rule: str, conversation: str | None = None) -> Facts:
    return {"state": state, "rule": rule, "conversation": conversation}
