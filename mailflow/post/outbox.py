"""The queue of copies that go out: claimed before they are sent, settled after, tried again in between."""

from collections.abc import Sequence

from mailflow.mail.delivery_reports import status_in
from mailflow.mail.outgoing import Letter, Outcome, Result, next_attempt
from mailflow.post.conversations import addresses
from mailflow.post.failures import NEVER, give_up
from mailflow.store.queries import due_deliveries
from mailflow.store.states import Sending
from mailflow.store.tables import Blob, Delivery
from mailflow.store.unit import Unit

_STATES = {
    Outcome.SENT: Sending.SENT,
    Outcome.DEFERRED: Sending.QUEUED,
    Outcome.UNKNOWN: Sending.UNKNOWN,
}


def claim(unit: Unit, limit: int) -> list[Letter]:
    """The copies that wait longest, now being sent; the attempt is counted before it is made."""
    own = addresses(unit)
    letters = []
    for delivery in due_deliveries(unit.db, unit.now, limit):
        attempts = delivery.attempts + 1
        unit.db.change(delivery, state=Sending.SENDING, attempts=attempts)
        content = unit.db.get(Blob, delivery.body).content
        letters.append(
            Letter(
                id=delivery.id,
                sender="" if delivery.null_sender else own.bounce(delivery.id),
                recipient=delivery.recipient,
                message=delivery.head + content,
                attempts=attempts,
            )
        )
    return letters


def settle(unit: Unit, results: Sequence[Result]) -> None:
    """Record what became of copies that were claimed, and when those that did not get through are due again.

    What is refused for good, or was deferred for too long, is told to the host.
    """
    for result in results:
        delivery = unit.db.get(Delivery, result.id)
        if delivery.state is not Sending.FAILED:  # else a report that it failed was faster
            _settle(unit, delivery, result)


def _settle(unit: Unit, delivery: Delivery, result: Result) -> None:
    unknown = result.outcome is Outcome.UNKNOWN
    unknowns = delivery.unknowns + unknown
    tries = unknowns if unknown else delivery.attempts
    wait = next_attempt(tries, result.outcome, _jitter(unit))
    if result.outcome is Outcome.REFUSED or (wait is None and result.outcome is Outcome.DEFERRED):
        give_up(unit, delivery, result.detail, status_in(result.detail))
        return
    unit.db.change(
        delivery,
        state=_STATES[result.outcome],
        due=NEVER if wait is None else unit.now + wait,
        unknowns=unknowns,
        detail=result.detail,
        settled=unit.now if wait is None else None,
    )


def recover(unit: Unit) -> None:
    """After a stop: what was being sent may have arrived, and goes again at once with the same bytes.

    Waiting would tell nothing more. What waits for a later try is due too: a restart often follows a repair.
    """
    for delivery in unit.db.all(Delivery, state=Sending.SENDING):
        unit.db.change(delivery, state=Sending.UNKNOWN, due=unit.now, detail="interrupted")
    for delivery in unit.db.all(Delivery, state=Sending.QUEUED):
        unit.db.change(delivery, due=min(delivery.due, unit.now))


def retry(unit: Unit, ident: int) -> None:
    """Send a copy again now, whatever became of it; raises `NotFound`."""
    unit.db.change(
        unit.db.get(Delivery, ident), state=Sending.QUEUED, due=unit.now, attempts=0, unknowns=0
    )


def _jitter(unit: Unit) -> float:
    """Between -1 and 1, so that what failed together does not come back together."""
    return int.from_bytes(unit.random(2)) / 32767.5 - 1
