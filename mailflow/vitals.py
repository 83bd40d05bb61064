"""How mailflow is: what waits and since when, what of that is too long, and when the operator is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailflow import wording
from mailflow.appointments import calendars
from mailflow.store.queues import last_sent, waiting_copies, waiting_mails
from mailflow.store.states import Taken
from mailflow.store.tables import Alarm, Node
from mailflow.store.unit import Unit

SUSPICIOUS = timedelta(minutes=5)
"""After so long in a queue something stands still: /healthz and `check` say so."""

ALARMING = timedelta(hours=1)
"""After so long in a queue, or parked, the operator gets a mail."""

AGAIN = timedelta(days=1)
"""How often the operator is told of the same trouble."""

RETRY = timedelta(minutes=15)
"""When an alarm that could not be mailed is tried again."""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in one place: how many, and since when the oldest."""

    name: str
    what: str
    number: int
    oldest: datetime | None

    def age(self, now: datetime) -> timedelta:
        """How long the oldest has waited; nothing, if none does."""
        return now - self.oldest if self.oldest else timedelta()


@dataclass(frozen=True, slots=True)
class CalendarAge:
    """How old what is known of one calendar of a host is; None where it was never read."""

    host: str
    label: str
    age: timedelta | None


@dataclass(frozen=True, slots=True)
class Vitals:
    """The state of all queues at one instant."""

    now: datetime
    taken: Queue
    copies: Queue
    parked: Queue
    held: Queue
    last_sent: datetime | None
    calendars: Sequence[CalendarAge]
    nodes: Sequence[Node]
    """The processes that serve, or did within a day."""

    @property
    def queues(self) -> tuple[Queue, ...]:
        return self.taken, self.copies, self.parked, self.held

    def late(self, limit: timedelta) -> list[Queue]:
        """The queues that stand still for longer than that; parked mail waits for a person anyway."""
        return [queue for queue in (self.taken, self.copies) if queue.age(self.now) > limit]

    def is_worked(self, limit: timedelta) -> bool:
        """Whether a process that works the queues was heard of within that time."""
        seen = [node.seen for node in self.nodes if "worker" in node.roles]
        return bool(seen) and self.now - max(seen) <= limit


def look(unit: Unit) -> Vitals:
    """How mailflow is now."""
    return Vitals(
        now=unit.now,
        taken=Queue("taken", "mails to be worked on", *waiting_mails(unit.db, Taken.TAKEN)),
        copies=Queue("copies", "copies to be sent", *waiting_copies(unit.db)),
        parked=Queue("parked", "mails that failed", *waiting_mails(unit.db, Taken.PARKED)),
        held=Queue("held", "mails that wait for a word", *waiting_mails(unit.db, Taken.HELD)),
        last_sent=last_sent(unit.db),
        calendars=_calendar_ages(unit),
        nodes=unit.db.all(Node),
    )


def say(queue: Queue, now: datetime) -> str:
    """One line about a queue: `copies to be sent: 3, the oldest for 2 hours 5 minutes`."""
    waiting = f"{queue.what}: {queue.number}"
    if queue.oldest is None:
        return waiting
    return f"{waiting}, the oldest for {wording.duration(queue.age(now))}"


def say_node(node: Node, now: datetime) -> str:
    """One line about a process: `mx1 (listener, worker): it serves`."""
    since = wording.duration(now - node.seen)
    state = "it serves"
    if node.ended is not None:
        state = f"ended {since} ago"
    elif node.is_lost(now):
        state = f"not heard of for {since}, though nobody told it to end"
    return f"{node.machine} ({', '.join(node.roles)}): {state}"


def alarms_due(unit: Unit) -> list[Queue]:
    """The queues of which the operator is to be told now: each is not told again before `RETRY`."""
    vitals = look(unit)
    alarming = vitals.late(ALARMING)
    if vitals.parked.age(unit.now) > ALARMING:
        alarming.append(vitals.parked)
    names = {queue.name for queue in alarming}
    for alarm in unit.db.all(Alarm):
        if alarm.queue not in names:
            unit.db.delete(Alarm, queue=alarm.queue)
    return [queue for queue in alarming if _is_due(unit, queue)]


def alarm_told(unit: Unit, queues: Sequence[Queue]) -> None:
    """The operator knows: the same is told again after a day, if it still is so."""
    for queue in queues:
        unit.db.change(unit.db.get(Alarm, queue.name), due=unit.now + AGAIN)


def _is_due(unit: Unit, queue: Queue) -> bool:
    alarm = unit.db.find(Alarm, queue=queue.name)
    if alarm is None:
        unit.db.insert(Alarm(queue.name, unit.now + RETRY))
    elif alarm.due <= unit.now:
        unit.db.change(alarm, due=unit.now + RETRY)
    else:
        return False
    return True


def _calendar_ages(unit: Unit) -> list[CalendarAge]:
    return [
        CalendarAge(source.host.handle, source.label, calendars.age(unit, source))
        for source in calendars.sources(unit.config)
    ]
