"""What a mail answers: an offer, or its author's own booking."""

from mailflow.mail.addresses import normalise
from mailflow.store.queries import newest_message
from mailflow.store.states import Status
from mailflow.store.tables import Booking, Conversation, Message, Offer, Participant
from mailflow.store.unit import Unit


def answered_offer(unit: Unit, conversation: Conversation, message: Message) -> Offer | None:
    """The offer that a mail answers: by In-Reply-To, else the newest of References, else the last message."""
    named = message.in_reply_to or (message.references[-1] if message.references else None)
    if named is None:
        last = newest_message(unit.db, conversation.id, before=message.id)
        named = last.message_id if last else None
    made = unit.db.all(Offer, conversation=conversation.id) if named else []
    return next((one for one in made if named in (one.message_id, *one.repeated)), None)


def answered_booking(
    unit: Unit, conversation: Conversation, message: Message, author: Participant
) -> Booking | None:
    """The author's own booking, of which a mail answers any mail."""
    for booking in unit.db.all(Booking, thread=conversation.id, status=Status.CONFIRMED):
        own = normalise(booking.client_address) == author.address_key
        if own and message.in_reply_to in (*booking.announced, *booking.repeated):
            return booking
    return None
