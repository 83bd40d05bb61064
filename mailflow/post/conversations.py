"""Opening conversations, and who is in one."""

from collections.abc import Iterable
from datetime import datetime

from mailflow.config import Host
from mailflow.keys import new_id
from mailflow.mail import thread_index
from mailflow.mail.addresses import Person, normalise
from mailflow.mail.own_addresses import OwnAddresses
from mailflow.store.queries import chosen_language
from mailflow.store.states import Role, Standing
from mailflow.store.tables import Conversation, Participant
from mailflow.store.unit import Unit

TO_COME = (Standing.WAITING, Standing.IMPORTED)
"""Who gets nothing yet, and everything from the host's next word on."""


def addresses(unit: Unit) -> OwnAddresses:
    """The addresses of this house."""
    return OwnAddresses(unit.config, unit.keys)


def open_conversation(
    unit: Unit,
    handle: str,
    subject: str,
    *,
    clients: Iterable[Person] = (),
    ident: str | None = None,
    root: bytes | None = None,
    at: datetime | None = None,
) -> Conversation:
    """A new conversation of a host, with the host and these clients in it.

    `ident` and `root` go on with a thread that exists already. It begins now, unless it began at another time.
    """
    conversation = unit.db.insert(
        Conversation(
            id=ident or new_id(unit.random),
            host=handle,
            subject=subject,
            created=at or unit.now,
            last_at=at or unit.now,
            thread_index=root or thread_index.root(unit.now, unit.random),
        )
    )
    host = unit.config.host(handle)
    owner = _newcomer(unit, conversation, _person(host), Role.HOST, handle=handle)
    people = {owner.address_key: owner}
    for one in clients:
        client = _newcomer(unit, conversation, one, Role.CLIENT)
        people.setdefault(client.address_key, client)
    unit.db.insert_all(list(people.values()))
    return conversation


def join_host(unit: Unit, conversation: Conversation, host: Host) -> Participant:
    """A host of ours into a conversation, by the configured address."""
    return join(unit, conversation, _person(host), Role.HOST, handle=host.handle)


def _person(host: Host) -> Person:
    return Person(host.name, host.email)


def join(
    unit: Unit,
    conversation: Conversation,
    person: Person,
    role: Role,
    *,
    standing: Standing = Standing.ACTIVE,
    handle: str | None = None,
) -> Participant:
    """A person into a conversation, or the participant who has that address already."""
    key = normalise(person.address)
    known = unit.db.find(Participant, conversation=conversation.id, address_key=key)
    if known is not None:
        if known.standing in TO_COME and standing is Standing.ACTIVE:
            return unit.db.change(known, standing=standing)
        return known
    newcomer = _newcomer(unit, conversation, person, role, standing=standing, handle=handle)
    return unit.db.insert(newcomer)


def _newcomer(
    unit: Unit,
    conversation: Conversation,
    person: Person,
    role: Role,
    *,
    standing: Standing = Standing.ACTIVE,
    handle: str | None = None,
) -> Participant:
    key = normalise(person.address)
    return Participant(
        id=0,
        conversation=conversation.id,
        address=person.address,
        address_key=key,
        name=person.name,
        role=role,
        standing=standing,
        handle=handle,
        zone=str(unit.config.host(handle).timezone) if handle else None,
        language=chosen_language(unit.db, key),
    )


def host_writes(unit: Unit, conversation: Conversation) -> Conversation:
    """The host has written: whom clients named, or an import brought in, gets copies from now on."""
    for one in people(unit, conversation):
        if one.standing in TO_COME:
            unit.db.change(one, standing=Standing.ACTIVE)
    return unit.db.change(conversation, host_wrote=True)


def people(unit: Unit, conversation: Conversation) -> list[Participant]:
    """Everybody in a conversation, in the order in which they came."""
    return unit.db.all(Participant, conversation=conversation.id)


def recipients(unit: Unit, conversation: Conversation) -> list[Participant]:
    """Those who get copies."""
    return [one for one in people(unit, conversation) if one.standing is Standing.ACTIVE]


def language_of(unit: Unit, one: Participant, owner: str) -> str:
    """The language of mails to a participant: what they chose, else that of the host, `owner` or themselves."""
    return one.language or unit.config.host(one.handle or owner).language


def display_name(person: Participant | Person) -> str:
    """How a person is called in front of others: never by the address, which is private."""
    return person.name or person.address.partition("@")[0]
