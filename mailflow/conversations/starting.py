"""Conversations that a mail starts: a client's, or the host's own with the clients it is addressed to."""

from collections.abc import Sequence

from mailflow.config import Host
from mailflow.conversations.accepting import accept, named_people
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.placing import ROOT_OCTETS
from mailflow.mail.addresses import Person
from mailflow.mail.own_addresses import FrontDoor
from mailflow.post.conversations import addresses, join, join_host, open_conversation
from mailflow.post.record import know
from mailflow.store.states import Role
from mailflow.store.tables import Conversation
from mailflow.store.unit import Unit


def start_with_client(unit: Unit, host: Host, arrival: Arrival) -> Conversation:
    """A conversation that somebody begins by writing to the host."""
    conversation = _open(unit, host, arrival, [arrival.mail.author])
    author = join(unit, conversation, arrival.mail.author, Role.CLIENT)
    accept(unit, conversation, author, arrival, "it starts the conversation", obeyed=False)
    return conversation


def start_with_host(unit: Unit, host: Host, arrival: Arrival) -> Conversation:
    """A conversation that the host begins with the people in To and Cc, who have that mail already."""
    conversation = _open(unit, host, arrival, named_people(unit, arrival.mail))
    author = join_host(unit, conversation, host)
    obeyed = arrival.names(addresses(unit), FrontDoor(host.handle))
    accept(unit, conversation, author, arrival, "the host started the conversation", obeyed=obeyed)
    return conversation


def _open(unit: Unit, host: Host, arrival: Arrival, clients: Sequence[Person]) -> Conversation:
    mail = arrival.mail
    root = mail.thread_index[:ROOT_OCTETS] if mail.thread_index else None
    conversation = open_conversation(unit, host.handle, mail.subject, clients=clients, root=root)
    know(unit, conversation, mail.references)
    return conversation
