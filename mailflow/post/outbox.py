"""The queue of copies that go out: claimed before they are sent, settled after, tried again in between.

A copy that is being sent belongs to the process that claimed it until its `due`, which that process
moves on as long as it lives. Whoever finds it due then takes it over: it may have arrived.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta

from mailflow.mail.delivery_reports import status_in
from mailflow.mail.outgoing import Letter, Outcome, Result, next_attempt
from mailflow.post.conversations import addresses
from mailflow.post.failures import NEVER, give_up, tell_undelivered
from mailflow.store import is_embedded
from mailflow.store.blobs import few_kept
from mailflow.store.queues import (
    begin_deliveries,
    due_deliveries,
    hasten_deliveries,
    postpone_deliveries,
)
from mailflow.store.states import Sending
from mailflow.store.tables import Delivery
from mailflow.store.unit import Unit

LEASE = timedelta(seconds=60)
"""For so long a claim holds without a sign of life."""

_STATES = {
    Outcome.SENT: Sending.SENT,
    Outcome.DEFERRED: Sending.QUEUED,
    Outcome.UNKNOWN: Sending.UNKNOWN,
}


def claim(
    unit: Unit, limit: int, *, for_one_domain: int | None = None, under_way: Iterable[str] = ()
) -> list[Letter]:
    """The copies that wait longest, now being sent; the attempt is counted before it is made.

    Of those for one domain at most `for_one_domain`, with those `under_way` to it.
    """
    domains = Counter(under_way)
    most = limit if for_one_domain is None else for_one_domain
    letters: list[Letter] = []
    while (room := limit - len(letters)) > 0:
        full = [domain for domain, number in domains.items() if number >= most]
        due = due_deliveries(unit.db, unit.now, room, full)
        letters += _begin(unit, list(_choose(unit, due, domains, most)))
        if len(due) < room:
            break
    return letters


def _choose(
    unit: Unit, due: Sequence[Delivery], domains: Counter[str], most: int
) -> Iterator[Delivery]:
    for delivery in due:
        if delivery.until and delivery.until <= unit.now:
            unit.db.change(delivery, state=Sending.EXPIRED, due=NEVER, settled=unit.now)
        elif domains[delivery.domain] < most:
            domains[delivery.domain] += 1
            yield delivery


def _begin(unit: Unit, chosen: Sequence[Delivery]) -> list[Letter]:
    if not chosen:
        return []
    # One that was being sent already was claimed by somebody who was not heard of again.
    begin_deliveries(unit.db, unit.node, [one.id for one in chosen], unit.now + LEASE)
    bodies = few_kept(unit.db, [one.body for one in chosen])
    bounces = addresses(unit).bounce
    return [
        Letter(
            id=one.id,
            sender="" if one.null_sender else bounces(one.id),
            recipient=one.recipient,
            message=one.head + bodies.get(one.body, b""),
            attempts=one.attempts + 1,
            rest="" if one.body in bodies else one.body,
        )
        for one in chosen
    ]


def renew(unit: Unit, numbers: Collection[int]) -> None:
    """These copies are still being sent by this process."""
    postpone_deliveries(unit.db, unit.node, numbers, unit.now + LEASE)


def settle(unit: Unit, results: Sequence[Result]) -> None:
    """Record what became of copies that were claimed, and when those that did not get through are due again.

    What is refused for good, was deferred for too long, or may not have arrived at all is told to the host.
    """
    deliveries = unit.db.keyed(Delivery, [result.id for result in results])
    for result in results:
        delivery = deliveries.get(result.id)
        if delivery is not None and _counts(unit, delivery, result):
            _settle(unit, delivery, result)


def _counts(unit: Unit, delivery: Delivery, result: Result) -> bool:
    """Whether a result is news: a report of failure may have been faster, and another process have taken over."""
    if delivery.state is Sending.FAILED:
        return False
    own = delivery.state is Sending.SENDING and delivery.owner == unit.node
    return own or result.outcome is Outcome.SENT


def _settle(unit: Unit, delivery: Delivery, result: Result) -> None:
    _tell(unit, delivery, result)
    unknown = result.outcome is Outcome.UNKNOWN
    unknowns = delivery.unknowns + unknown
    tries = unknowns if unknown else delivery.attempts
    wait = next_attempt(tries, result.outcome, _jitter(unit))
    if result.outcome is Outcome.REFUSED or (wait is None and result.outcome is Outcome.DEFERRED):
        give_up(unit, delivery, result.detail, status_in(str(result.detail)))
        return
    delivery = unit.db.change(
        delivery,
        state=_STATES[result.outcome],
        due=NEVER if wait is None else unit.now + wait,
        unknowns=unknowns,
        detail=str(result.detail),
        settled=unit.now if wait is None else None,
    )
    if unknown and wait is None:
        tell_undelivered(unit, delivery, result.detail, permanent=True, uncertain=True)


def _tell(unit: Unit, delivery: Delivery, result: Result) -> None:
    """The journal gets the code alone: a server's words repeat addresses."""
    code = str(result.detail)[:3]
    unit.tell(
        f"letter.{result.outcome}",
        letter=delivery.id,
        attempts=delivery.attempts,
        **({"code": int(code)} if code.isascii() and code.isdigit() else {}),
    )


def recover(unit: Unit) -> None:
    """At a start: what waits for a later try is due, since a restart often follows a repair.

    What was being sent when mailflow was stopped is due too, where no other process can be sending it.
    """
    hasten_deliveries(unit.db, Sending.QUEUED, unit.now)
    if is_embedded(unit.config):
        hasten_deliveries(unit.db, Sending.SENDING, unit.now)


def retry(unit: Unit, ident: int) -> None:
    """Send a copy again now, whatever became of it; raises `NotFound`."""
    unit.db.change(
        unit.db.get(Delivery, ident),
        state=Sending.QUEUED,
        due=unit.now,
        attempts=0,
        unknowns=0,
        until=None,
    )


def _jitter(unit: Unit) -> float:
    """Between -1 and 1, so that what failed together does not come back together."""
    return int.from_bytes(unit.random(2)) / 32767.5 - 1
