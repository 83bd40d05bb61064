"""The life of a mail that comes in: taken with its bytes, taken up, read and judged; set aside if it fails."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mailflow.conversations.arrival import Arrival
from mailflow.errors import HeldMailUnread
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from mailflow.mail.reading import Mail
from mailflow.store import is_embedded
from mailflow.store.blobs import beginning, keep_all
from mailflow.store.queues import free_mails, lease_mails, mails_to_take_up
from mailflow.store.states import Taken
from mailflow.store.tables import TakenMail
from mailflow.store.unit import Unit

TRIES = 3
"""After which a mail that fails is parked, so that the others go on."""

LEASE = timedelta(seconds=45)
"""For so long nobody else takes up a mail without a sign of life of who did: within a minute it is worked on again."""


TOGETHER = 2_000_000
"""Bytes of mails that are in memory at one time, beside the last of them: a stranger may send many big ones."""


@dataclass(frozen=True, slots=True)
class Job:
    """A mail to be worked on."""

    taken: TakenMail
    raw: bytes
    """Its bytes; of one that is not whole the first of them, with all of its header."""
    is_whole: bool

    @property
    def is_last(self) -> bool:
        """Whether no other is to be begun before this one is done: it was tried before, or takes its time."""
        return self.taken.attempts > 1 or not self.is_whole

    @property
    def envelope(self) -> Envelope:
        """As the mail was handed in."""
        taken = self.taken
        return Envelope(taken.sender, taken.recipients, taken.peer, taken.helo, self.raw)

    def arrival(self, mail: Mail, verdict: Verdict) -> Arrival:
        """The mail, once it was read and judged."""
        taken = self.taken
        return Arrival(
            taken.id,
            taken.sender,
            taken.recipients,
            self.raw,
            mail,
            verdict,
            taken.blob,
            self.is_whole,
        )


def take(unit: Unit, envelopes: Sequence[Envelope]) -> list[int]:
    """Keep the bytes and the envelopes of mails; once this is committed they may be answered with 250.

    Returns their numbers.
    """
    blobs = keep_all(unit.db, [envelope.raw for envelope in envelopes])
    mails = unit.db.insert_all(
        [
            TakenMail(
                id=0,
                at=unit.now,
                lease=unit.now,
                sender=envelope.sender,
                recipients=envelope.recipients,
                peer=envelope.peer,
                helo=envelope.helo,
                blob=blob,
            )
            for envelope, blob in zip(envelopes, blobs, strict=True)
        ]
    )
    for mail, envelope in zip(mails, envelopes, strict=True):
        octets, recipients = len(envelope.raw), len(mail.recipients)
        unit.tell("mail.taken", mail=mail.id, octets=octets, recipients=recipients)
    return [mail.id for mail in mails]


def take_up(unit: Unit, limit: int, under_way: Collection[int] = ()) -> Sequence[Job]:
    """The next mails to work on, each with its try counted before it begins: a mail may end the process.

    No other process gets them while this one lives; those that are `under_way` here it has already. One that was tried
    before is taken up alone: should it end the process, no other was under way.
    """
    jobs: list[Job] = []
    for taken in mails_to_take_up(unit.db, unit.node, unit.now, limit + len(under_way)):
        if taken.id in under_way:
            continue
        if taken.attempts >= TRIES:
            reason = f"failed {TRIES} times: mailflow ended while it was worked on"
            set_aside(unit, taken.id, Taken.PARKED, reason)
            continue
        if taken.attempts and (jobs or under_way):
            break
        counted = unit.db.change(
            taken, attempts=taken.attempts + 1, owner=unit.node, lease=unit.now + LEASE
        )
        jobs.append(Job(counted, *beginning(unit.db, taken.blob)))
        if jobs[-1].is_last or sum(len(job.raw) for job in jobs) > TOGETHER:
            break
    return jobs


def renew(unit: Unit) -> None:
    """The mails that this process took up are still being worked on."""
    lease_mails(unit.db, unit.node, unit.now + LEASE)


def recover(unit: Unit) -> None:
    """At a start: what was being worked on when mailflow stopped is taken up, where no other process can be at it."""
    if is_embedded(unit.config):
        free_mails(unit.db, unit.now)


def read_again(unit: Unit, ident: int) -> Arrival:
    """A mail that was held; who answers for it now is whoever lets it through. Raises `HeldMailUnread`."""
    if ident not in unit.held_mails:
        raise HeldMailUnread(ident)
    return job_of(unit, ident).arrival(unit.held_mails[ident], Verdict.VERIFIED)


def job_of(unit: Unit, ident: int) -> Job:
    """A mail as it was taken, with its kept bytes. Raises `NotFound`."""
    taken = unit.db.get(TakenMail, ident)
    return Job(taken, *beginning(unit.db, taken.blob))


def read_facts(mail: Mail) -> dict[str, Any]:
    """What the row of a mail keeps of it: whoever lists mails need not read them again, which may be costly."""
    return {
        "message_id": mail.message_id,
        "digest": mail.digest,
        "author": mail.author.address,
        "subject": mail.subject,
    }


def set_aside(unit: Unit, ident: int, state: Taken, reason: str) -> None:
    """What is to become of a mail, and why; one that is held or parked is listed under `held`."""
    unit.db.change(unit.db.get(TakenMail, ident), state=state, reason=reason)
    unit.tell(f"mail.{state}", mail=ident, reason=reason)
