"""Which conversation of a host a mail belongs to, by its ids: never by its subject."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from mailflow.mail.reading import Mail
from mailflow.mail.subjects import base_subject
from mailflow.post.conversations import people
from mailflow.store.queries import conversations_with_root, known_ids
from mailflow.store.tables import Conversation, KnownId, Message
from mailflow.store.unit import Unit

ROOT_OCTETS = 22
"""What a Thread-Index begins with, the same in a whole thread."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A conversation that a mail names, and the evidence for it."""

    conversation: Conversation
    evidence: str


def place(unit: Unit, handle: str, mail: Mail) -> list[Placement]:
    """The conversations of this host that a mail names, the strongest evidence first; none, if it starts one.

    References count from the newest to the oldest, then In-Reply-To, then the mail's own ids, which an answer that
    came before it may have named, and last Exchange's Thread-Index. Ids of other hosts' conversations have no effect,
    nor has a mail's own id where another mail has used it.
    """
    return _placements(unit, (*_by_ids(unit, handle, mail), *_by_thread_index(unit, handle, mail)))


def place_by_ids(unit: Unit, handle: str, mail: Mail) -> list[Placement]:
    """As `place`, by Message-IDs alone."""
    return _placements(unit, _by_ids(unit, handle, mail))


def own_id_for(unit: Unit, mail: Mail) -> str:
    """The id under which a mail is recorded whose own id was used for another mail; always the same for it."""
    both = sha256(f"{mail.message_id} {mail.digest}".encode()).hexdigest()
    return f"{both[:32]}@{unit.config.mailflow.domain}"


def _placements(unit: Unit, named: Iterable[tuple[str, str]]) -> list[Placement]:
    """Each conversation once, with the first evidence for it."""
    found: dict[str, Placement] = {}
    for evidence, known in named:
        if known not in found:
            found[known] = Placement(unit.db.get(Conversation, known), evidence)
    return list(found.values())


def _by_ids(unit: Unit, handle: str, mail: Mail) -> Iterator[tuple[str, str]]:
    named = list(_named(unit, mail))
    known = known_ids(unit.db, handle, (message_id for _, message_id in named))
    for evidence, message_id in named:
        for one in known:
            if one.message_id == message_id and not _is_anothers(unit, one, mail):
                yield f"{evidence} {message_id}", one.conversation


def _is_anothers(unit: Unit, known: KnownId, mail: Mail) -> bool:
    """Whether an id is the mail's own, and another mail has used it: that ties the two by nothing."""
    if known.message_id != mail.message_id or known.message is None:
        return False
    return unit.db.get(Message, known.message).digest != mail.digest


def _named(unit: Unit, mail: Mail) -> Iterator[tuple[str, str]]:
    for message_id in reversed(mail.references):
        yield "its References name", message_id
    if mail.in_reply_to:
        yield "its In-Reply-To names", mail.in_reply_to
    for message_id in (mail.message_id, own_id_for(unit, mail), *mail.aliases):
        yield "an earlier mail named it as", message_id


def _by_thread_index(unit: Unit, handle: str, mail: Mail) -> Iterator[tuple[str, str]]:
    """The one conversation with this Thread-Index and subject of which the author is a participant."""
    if mail.thread_index is None or mail.automatic:
        return
    found = conversations_with_root(unit.db, handle, mail.thread_index[:ROOT_OCTETS])
    if len(found) != 1 or _base(found[0].subject) != _base(mail.subject):
        return
    if any(one.address.lower() == mail.author.address.lower() for one in people(unit, found[0])):
        yield "its Thread-Index and subject", found[0].id


def _base(subject: str) -> str:
    return base_subject(subject).casefold()
