"""What a host can do without writing a mail: start a conversation, offer times, change a booking."""

from collections.abc import Sequence

from mailflow.appointments import bookings, offers
from mailflow.appointments.listing import read_time
from mailflow.appointments.narrowing import Narrowing
from mailflow.appointments.offers import Wish
from mailflow.config import Host
from mailflow.conversations.relaying import RELAY
from mailflow.conversations.warnings import warn
from mailflow.errors import MailflowError
from mailflow.mail.addresses import Person
from mailflow.mail.wire.writing import alternative
from mailflow.post.conversations import (
    addresses,
    display_name,
    host_writes,
    join,
    language_of,
    open_conversation,
    people,
)
from mailflow.post.copies import Copy, letter_fields, queue_copies
from mailflow.post.record import record_own
from mailflow.post.threads import answering
from mailflow.store.states import Kind, Role
from mailflow.store.tables import Booking, Conversation, Offer, Participant
from mailflow.store.unit import Unit


def begin(unit: Unit, handle: str, clients: Sequence[str], subject: str, text: str) -> Conversation:
    """A conversation that a host begins with clients: the host's words, mailed to each of them."""
    host = unit.config.host(handle)
    _check_clients(unit, clients)
    conversation = open_conversation(unit, host.handle, subject)
    conversation = host_writes(unit, conversation)
    joined = [join(unit, conversation, Person("", one), Role.CLIENT) for one in clients]
    invited = list(dict.fromkeys(joined))
    thread = answering(unit, conversation, None)
    message = record_own(unit, conversation, thread, Kind.MESSAGE, text)
    queue_copies(
        unit,
        letter_fields(unit, thread, RELAY, automatic=False),
        [_copy(unit, host, one, invited, text) for one in invited],
        subject=thread.subject,
        message_id=thread.message_id,
        message=message.id,
        conversation=conversation.id,
    )
    return conversation


def offer_times(unit: Unit, ident: str, slug: str, times: Sequence[str]) -> Offer:
    """An offer in a conversation, of the next free times or of those that are named.

    A closed conversation is opened again. The host is told of named times that are against the rules.
    Raises `NotFound`, `NoFreeTime`.
    """
    conversation = unit.db.get(Conversation, ident)
    host = unit.config.host(conversation.host)
    kind = unit.config.appointment_type(slug, host.handle)
    if all(one.role is Role.HOST for one in people(unit, conversation)):
        raise MailflowError(f"nobody but {host.name} is in this conversation")
    named = tuple(read_time(time, host.timezone) for time in times)
    conversation = host_writes(unit, unit.db.change(conversation, closed=False))
    offer = offers.make_offer(unit, conversation, Wish(kind, Narrowing(times=named)))
    warn(unit, conversation, host, kind, named, answers=offer.message_id)
    return offer


def cancel_booking(unit: Unit, ident: str) -> Booking:
    """The booking cancelled in its host's name, all told; raises `NotFound`."""
    booking = unit.db.get(Booking, ident)
    return bookings.cancel(unit, booking, by=unit.config.host(booking.host).name)


def move_booking(unit: Unit, ident: str, time: str) -> Booking:
    """The booking moved in its host's name, all told.

    Raises `NotFound`, `TooLate` (it was cancelled), `SlotTaken` (not free by the rules).
    """
    booking = unit.db.get(Booking, ident)
    host = unit.config.host(booking.host)
    return bookings.move(unit, booking, read_time(time, host.timezone), by=host.name)


def _check_clients(unit: Unit, clients: Sequence[str]) -> None:
    own = addresses(unit)
    for address in clients:
        if own.is_own(address) or unit.config.host_of(address):
            raise MailflowError(f"{address} is no client's address")


def _copy(
    unit: Unit, host: Host, client: Participant, invited: Sequence[Participant], text: str
) -> Copy:
    others = [display_name(one) for one in invited if one.id != client.id]
    language = language_of(unit, client, host.handle)
    rendered = unit.templates.mail("words", language, words=text, people=others)
    return Copy(Person(client.name, client.address), alternative(rendered.text, rendered.html))
