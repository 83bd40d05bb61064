"""The life of a mail that comes in: taken with its bytes, taken up, read and judged; set aside if it fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailflow.conversations.arrival import Arrival
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from mailflow.mail.reading import Mail, read
from mailflow.store.queries import keep, mails_to_take_up
from mailflow.store.states import Taken
from mailflow.store.tables import Blob, TakenMail
from mailflow.store.unit import Unit

Judge = Callable[[Envelope, Mail], Verdict]
"""How sure it is that a mail is from its From; it may take some seconds."""

TRIES = 3
"""After which a mail that fails is parked, so that the others go on."""


@dataclass(frozen=True, slots=True)
class Job:
    """A mail to be worked on, with its bytes."""

    taken: TakenMail
    raw: bytes


def take(unit: Unit, envelope: Envelope) -> int:
    """Keep the bytes and the envelope of a mail; once this is committed it may be answered with 250."""
    taken = unit.db.insert(
        TakenMail(
            id=0,
            at=unit.now,
            sender=envelope.sender,
            recipients=envelope.recipients,
            peer=envelope.peer,
            helo=envelope.helo,
            blob=keep(unit.db, envelope.raw),
        )
    )
    return taken.id


def take_up(unit: Unit, limit: int) -> Sequence[Job]:
    """The next mails to work on, each with its try counted before it begins: a mail may end the process."""
    jobs = []
    for taken in mails_to_take_up(unit.db, limit):
        if taken.attempts >= TRIES:
            unit.db.change(
                taken, state=Taken.PARKED, reason=taken.reason or "it failed three times"
            )
            continue
        counted = unit.db.change(taken, attempts=taken.attempts + 1)
        jobs.append(Job(counted, unit.db.get(Blob, taken.blob).content))
    return jobs


def read_arrival(domain: str, taken: TakenMail, raw: bytes, judge: Judge) -> Arrival:
    """A mail to `domain` read and judged; raises `Unreadable`. It needs no transaction, and may take its time."""
    mail = read(raw, domain, taken.sender)
    envelope = Envelope(taken.sender, taken.recipients, taken.peer, taken.helo, raw)
    return Arrival(
        taken=taken.id,
        sender=taken.sender,
        recipients=taken.recipients,
        raw=raw,
        mail=mail,
        verdict=judge(envelope, mail),
    )


def read_again(unit: Unit, ident: int) -> Arrival:
    """A mail that was held, from its kept bytes; who answers for it now is whoever lets it through."""
    taken = unit.db.get(TakenMail, ident)
    raw = unit.db.get(Blob, taken.blob).content
    return read_arrival(unit.config.mailflow.domain, taken, raw, lambda *_: Verdict.VERIFIED)


def set_aside(unit: Unit, ident: int, state: Taken, reason: str) -> None:
    """Keep a mail raw, listed under `held` with the reason: it cannot be read, or failed three times."""
    unit.db.change(unit.db.get(TakenMail, ident), state=state, reason=reason)
