"""Two conversations that turn out to be one: joined where nothing can be lost or shown by it."""

from collections.abc import Sequence

from mailflow.conversations.placing import Placement
from mailflow.post.conversations import people
from mailflow.store.queries import has_gone_out
from mailflow.store.states import Role
from mailflow.store.tables import (
    Booking,
    Conversation,
    Delivery,
    KnownId,
    Merge,
    Message,
    Offer,
    Participant,
    Question,
)
from mailflow.store.unit import Unit


def merge(unit: Unit, named: Sequence[Placement]) -> Placement:
    """The place of a mail that names several conversations, joined into the older where that is safe.

    A conversation goes into another only if nobody but the host was sent anything of it, it has neither offer nor
    booking, and all its people are in the other: so no mail is shown to anybody new.
    """
    place = named[0]
    for other in named[1:]:
        pair = (place.conversation, other.conversation)
        winner, loser = sorted(pair, key=lambda one: (one.created, one.id))
        if _is_safe(unit, loser, winner):
            absorb(unit, loser, winner)
            place = Placement(winner, place.evidence)
    return place


def current(unit: Unit, conversation: Conversation) -> Conversation:
    """The conversation that this one is part of now: itself, unless it was joined into another."""
    while conversation.merged_into:
        conversation = unit.db.get(Conversation, conversation.merged_into)
    return conversation


def _is_safe(unit: Unit, loser: Conversation, winner: Conversation) -> bool:
    present = {one.address_key for one in people(unit, winner)}
    hosts = {one.address for one in people(unit, loser) if one.role is Role.HOST}
    return (
        unit.db.find(Offer, conversation=loser.id) is None
        and unit.db.find(Booking, thread=loser.id) is None
        and not has_gone_out(unit.db, loser.id, hosts)
        and {one.address_key for one in people(unit, loser)} <= present
    )


def absorb(unit: Unit, loser: Conversation, winner: Conversation) -> None:
    """Everything of the loser into the winner. What moved is kept, so that it can be undone."""
    messages = unit.db.all(Message, conversation=loser.id)
    unit.db.insert(Merge(0, loser.id, winner.id, unit.now, tuple(one.id for one in messages)))
    for message in messages:
        unit.db.change(message, conversation=winner.id)
    for delivery in unit.db.all(Delivery, conversation=loser.id):
        unit.db.change(delivery, conversation=winner.id)
    for question in unit.db.all(Question, conversation=loser.id):
        unit.db.change(question, conversation=winner.id)
    for known in unit.db.all(KnownId, conversation=loser.id):
        _hand_over(unit, known, winner)
    unit.db.delete(Participant, conversation=loser.id)
    unit.db.change(loser, merged_into=winner.id)


def _hand_over(unit: Unit, known: KnownId, winner: Conversation) -> None:
    same = unit.db.find(
        KnownId, host=known.host, message_id=known.message_id, conversation=winner.id
    )
    if same is None:
        unit.db.change(known, conversation=winner.id)
        return
    unit.db.delete(KnownId, id=known.id)
    if same.message is None:
        unit.db.change(same, message=known.message)
