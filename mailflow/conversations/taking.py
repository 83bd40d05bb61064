"""The life of a mail that comes in: taken with its bytes, taken up, read and judged; set aside if it fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailflow.config import Config
from mailflow.conversations.arrival import Arrival
from mailflow.mail.authenticity import judge
from mailflow.mail.envelope import Envelope
from mailflow.mail.reading import read
from mailflow.store.queries import keep, mails_to_take_up
from mailflow.store.tables import Blob, Taken, TakenMail
from mailflow.store.unit import Unit

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


def read_arrival(config: Config, taken: TakenMail, raw: bytes) -> Arrival:
    """A mail read and judged; raises `Unreadable`. It needs no transaction, and may take its time."""
    mail = read(raw, config.mailflow.domain, taken.sender)
    authentication = config.authentication
    return Arrival(
        taken=taken.id,
        sender=taken.sender,
        recipients=taken.recipients,
        raw=raw,
        mail=mail,
        verdict=judge(mail, authentication.mode, authentication.trusted),
    )


def read_again(unit: Unit, ident: int) -> Arrival:
    """A mail that was held, from its kept bytes."""
    taken = unit.db.get(TakenMail, ident)
    return read_arrival(unit.config, taken, unit.db.get(Blob, taken.blob).content)


def set_aside(unit: Unit, ident: int, state: Taken, reason: str) -> None:
    """Keep a mail raw, listed under `held` with the reason: it cannot be read, or failed three times."""
    unit.db.change(unit.db.get(TakenMail, ident), state=state, reason=reason)
