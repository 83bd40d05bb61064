"""The queues of mails and copies: what is next, whose it is for how long, and how much waits."""

from collections.abc import Collection
from datetime import datetime

import peewee as pw

from mailflow.store.columns import TABLES
from mailflow.store.session import Session, place, places, several
from mailflow.store.states import Sending, Taken
from mailflow.store.tables import Delivery, TakenMail


def mails_to_take_up(db: Session, node: str, now: datetime, limit: int) -> list[TakenMail]:
    """Mails that were taken and are worked on by no other process than `node`, oldest first."""
    mail = TABLES[TakenMail]

    def build() -> pw.Query:
        free = (mail.lease <= place("lease")) | (mail.owner == place("owner"))
        taken: pw.Query = mail.select().where(mail.state == place("state"), free)
        return taken.order_by(mail.id).limit(place("limit"))

    values = {"state": Taken.TAKEN, "lease": now, "owner": node, "limit": limit}
    return db.compiled(TakenMail, "to take up", build, claimed=True, **values)


def lease_mails(db: Session, node: str, until: datetime) -> None:
    """Let no other process take up before then the mails that `node` works on."""
    mail = TABLES[TakenMail]
    own = (mail.state == Taken.TAKEN) & (mail.owner == node)
    db.execute(mail.update(lease=until).where(own))


def free_mails(db: Session, now: datetime) -> None:
    """Let anybody take up now the mails that were being worked on."""
    mail = TABLES[TakenMail]
    db.execute(mail.update(lease=now).where(mail.state == Taken.TAKEN))


def waiting_mails(db: Session, state: Taken) -> tuple[int, datetime | None]:
    """How many mails are that far, and when the oldest of them came."""
    mail = TABLES[TakenMail]
    number = db.execute(mail.select(pw.fn.COUNT(mail.id)).where(mail.state == state)).fetchone()[0]
    oldest = db.select(TakenMail, mail.state == state, order=[mail.id], limit=1)
    return number, oldest[0].at if oldest else None


def waiting_copies(db: Session) -> tuple[int, datetime | None]:
    """How many copies are yet to be sent, and when the oldest of them was made."""
    copy = TABLES[Delivery]
    waiting = copy.select(pw.fn.COUNT(copy.id), pw.fn.MIN(copy.created)).where(
        copy.state.in_([Sending.QUEUED, Sending.SENDING])
    )
    number, oldest = db.execute(waiting).fetchone()
    return number, copy.created.python_value(oldest)


def last_sent(db: Session) -> datetime | None:
    """When a copy was last taken by the smarthost."""
    copy = TABLES[Delivery]
    # By number: the newest few are enough, and the millions before them are not looked at.
    newest = copy.select(copy.settled).where(copy.state == Sending.SENT)
    found = db.execute(newest.order_by(copy.id.desc()).limit(1)).fetchone()
    return copy.settled.python_value(found[0]) if found else None


def due_deliveries(
    db: Session, now: datetime, limit: int, but_for: Collection[str] = ()
) -> list[Delivery]:
    """Copies whose time has come, those that wait longest first; none for the domains `but_for`.

    Whoever changes one makes it due later: what is settled never is.
    """
    delivery = TABLES[Delivery]
    others = several("domain", but_for)

    def build() -> pw.Query:
        where = [delivery.due <= place("due")]
        where += [delivery.domain.not_in(places(others))] if others else []
        due: pw.Query = delivery.select().where(*where).order_by(delivery.due, delivery.id)
        return due.limit(place("limit"))

    name = f"due but for {len(others)}"
    return db.compiled(Delivery, name, build, claimed=True, due=now, limit=limit, **others)


def begin_deliveries(db: Session, owner: str, numbers: Collection[int], until: datetime) -> None:
    """These copies, at least one, are being sent: an attempt more of each, and one of which nobody knows what it came
    to, if it was being sent already."""
    delivery = TABLES[Delivery]
    chosen = several("id", numbers)

    def build() -> pw.Query:
        sending = place("state")
        interrupted = pw.Case(None, [(delivery.state == sending, pw.SQL("1"))], pw.SQL("0"))
        begun: pw.Query = delivery.update(
            {
                delivery.state: sending,
                delivery.owner: place("owner"),
                delivery.due: place("due"),
                delivery.attempts: delivery.attempts + pw.SQL("1"),
                delivery.unknowns: delivery.unknowns + interrupted,
            }
        )
        return begun.where(delivery.id.in_(places(chosen)))

    values = {"state": Sending.SENDING, "owner": owner, "due": until, **chosen}
    db.execute_compiled(Delivery, f"begin {len(chosen)}", build, **values)


def postpone_deliveries(db: Session, owner: str, numbers: Collection[int], until: datetime) -> None:
    """Let nobody else take up before then the copies that this process is sending."""
    delivery = TABLES[Delivery]
    own = (delivery.state == Sending.SENDING) & (delivery.owner == owner)
    db.execute(delivery.update(due=until).where(delivery.id.in_(list(numbers)), own))


def void_deliveries(
    db: Session, conversation: str, message_ids: Collection[str], now: datetime
) -> None:
    """Let the copies of these mails that are of use for a time be of none from now on, whoever is sending them."""
    delivery = TABLES[Delivery]
    own = (delivery.conversation == conversation) & delivery.message_id.in_(list(message_ids))
    db.execute(delivery.update(until=now).where(own, delivery.until > now))


def hasten_deliveries(db: Session, state: Sending, now: datetime) -> None:
    """Make all copies in that state due now."""
    delivery = TABLES[Delivery]
    db.execute(delivery.update(due=now).where(delivery.state == state, delivery.due > now))
