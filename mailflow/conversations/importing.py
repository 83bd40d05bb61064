"""A host's archive into the host's conversations: placed by ids alone, and nothing is sent."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from mailflow.config import Host
from mailflow.conversations.accepting import message_of, named_people
from mailflow.conversations.merging import absorb
from mailflow.conversations.placing import ROOT_OCTETS, Placement, own_id_for, place_by_ids
from mailflow.conversations.taking import read_facts
from mailflow.mail.addresses import Person, is_address
from mailflow.mail.automatic import is_robot
from mailflow.mail.reading import Mail
from mailflow.post.conversations import addresses, join, open_conversation, people
from mailflow.post.record import know, record
from mailflow.store import DatabaseTrouble
from mailflow.store.blobs import keep
from mailflow.store.queries import message_count
from mailflow.store.states import Role, Standing, Taken
from mailflow.store.tables import Booking, Conversation, Message, Offer, TakenMail
from mailflow.store.unit import Unit

IMPORT = "import"
"""Stands for the peer of a mail that no peer handed in."""

STARTS = "imported"
"""The evidence of a mail that starts a conversation."""


class Outcome(StrEnum):
    """What became of a mail of an archive."""

    NEW = "new"
    SEEN = "seen"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mail of an archive, read; none if it cannot be, for a `reason`."""

    raw: bytes = field(repr=False)
    mail: Mail | None
    reason: str = ""


def import_mails(unit: Unit, handle: str, batch: Iterable[Candidate]) -> Counter[Outcome]:
    """Put mails of a host's archive into the host's conversations; counts what became of them.

    Their people become participants who get nothing until they or the host write anew. A mail that is here already is
    left alone; one that cannot be read is kept raw and held.
    """
    host = unit.config.host(handle)
    return Counter(_import_or_hold(unit, host, one) for one in batch)


def _import_or_hold(unit: Unit, host: Host, candidate: Candidate) -> Outcome:
    try:
        with unit.db.attempt():
            return _import(unit, host, candidate)
    except DatabaseTrouble:
        raise
    except Exception as error:  # one mail that fails must not keep the others out
        reason = f"could not be imported ({type(error).__name__})"
        return _hold(unit, Candidate(candidate.raw, None, reason))


def _import(unit: Unit, host: Host, candidate: Candidate) -> Outcome:
    if candidate.mail is None:
        return _hold(unit, candidate)
    mail = _not_seen(unit, host, candidate.mail)
    if mail is None:
        return Outcome.SEEN
    taken = _taken(unit, candidate, Taken.DONE)
    at = mail.date if mail.date and mail.date <= unit.now else unit.now
    conversation, evidence = _belonging(unit, host, mail, at)
    message = replace(message_of(unit, conversation, mail, taken.id, evidence), at=at)
    written = record(unit, conversation, message)
    know(unit, conversation, mail.aliases, written.id)
    _bring_in(unit, host, conversation, mail)
    if at < conversation.created:
        _begin_earlier(unit, conversation, at, mail.subject)
    return Outcome.NEW


def _hold(unit: Unit, candidate: Candidate) -> Outcome:
    if unit.db.find(TakenMail, blob=keep(unit.db, candidate.raw)):
        return Outcome.SEEN
    _taken(unit, candidate, Taken.HELD)
    return Outcome.UNREADABLE


def _taken(unit: Unit, candidate: Candidate, state: Taken) -> TakenMail:
    mail = candidate.mail
    return unit.db.insert(
        TakenMail(
            id=0,
            at=unit.now,
            lease=unit.now,
            sender="",
            recipients=(),
            peer=IMPORT,
            blob=keep(unit.db, candidate.raw),
            state=state,
            reason=candidate.reason,
            **(read_facts(mail) if mail else {}),
        )
    )


def _not_seen(unit: Unit, host: Host, mail: Mail) -> Mail | None:
    """The mail under an id that is free; None if it is here already, or is a copy that went out from here.

    A different mail under a used id gets one of its own, and belongs where its references say.
    """
    is_ours = addresses(unit).is_own(mail.author.address)
    for form in (mail, replace(mail, message_id=own_id_for(unit, mail), aliases=())):
        known = unit.db.all(Message, host=host.handle, message_id=form.message_id)
        if not known:
            return form
        if is_ours or any(one.digest == mail.digest for one in known):
            return None
    return None


def _belonging(unit: Unit, host: Host, mail: Mail, at: datetime) -> tuple[Conversation, str]:
    """The conversation of a mail, and the evidence; all that it names and that nobody was let into become one."""
    named = place_by_ids(unit, host.handle, mail)
    if not named:
        root = mail.thread_index[:ROOT_OCTETS] if mail.thread_index else None
        return open_conversation(unit, host.handle, mail.subject, root=root, at=at), STARTS
    return _united(unit, named), f"{named[0].evidence} (imported)"


def _united(unit: Unit, named: list[Placement]) -> Conversation:
    """The conversation that those named become; one in which people are already is not joined to another such."""
    found = [one.conversation for one in named]
    if len(found) == 1:
        return found[0]
    joinable = [one for one in found if _is_import_alone(unit, one)]
    known = [one for one in found if one not in joinable]
    # The largest stays where it is: so no order of mails makes each of them move again and again.
    winner = known[0] if known else max(joinable, key=lambda one: message_count(unit.db, one.id))
    for loser in joinable:
        if loser.id != winner.id:
            winner = _take_in(unit, loser, winner, renamed=not known)
    return winner


def _is_import_alone(unit: Unit, conversation: Conversation) -> bool:
    """Whether nobody but the host gets anything of a conversation: joining it shows nothing to anybody."""
    return (
        all(
            one.standing is Standing.IMPORTED or one.handle == conversation.host
            for one in people(unit, conversation)
        )
        and unit.db.find(Offer, conversation=conversation.id) is None
        and unit.db.find(Booking, thread=conversation.id) is None
    )


def _take_in(
    unit: Unit, loser: Conversation, winner: Conversation, *, renamed: bool
) -> Conversation:
    """The winner with all that the loser has, `renamed` as the older of them."""
    for one in people(unit, loser):
        person = Person(one.name, one.address)
        join(unit, winner, person, one.role, standing=one.standing, handle=one.handle)
    absorb(unit, loser, winner)
    older = min(winner, loser, key=attrgetter("created"))
    return unit.db.change(
        winner,
        subject=older.subject if renamed else winner.subject,
        created=older.created,
        last_at=max(winner.last_at, loser.last_at),
    )


def _bring_in(unit: Unit, host: Host, conversation: Conversation, mail: Mail) -> None:
    """The author, and whom a person named, as participants who get nothing yet."""
    named = [] if mail.automatic else named_people(unit, mail)
    for person in [*_author(unit, host, mail), *named]:
        join(unit, conversation, person, Role.PARTICIPANT, standing=Standing.IMPORTED)


def _author(unit: Unit, host: Host, mail: Mail) -> list[Person]:
    """The author, if that is somebody to write to, and not the host."""
    address = mail.author.address
    somebody = is_address(address) and not is_robot(address) and not addresses(unit).is_own(address)
    return [mail.author] if somebody and unit.config.host_of(address) != host else []


def _begin_earlier(unit: Unit, conversation: Conversation, at: datetime, subject: str) -> None:
    """A conversation begins with its earliest mail, and is called as that is, unless people know it already."""
    if _is_import_alone(unit, conversation):
        conversation = unit.db.change(conversation, subject=subject)
    unit.db.change(conversation, created=at)
