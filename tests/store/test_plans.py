"""No statement of the hot path looks through a table: each finds what it needs by an index, however much is stored."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from peewee import SQL

from mailflow.conversations import taking
from mailflow.post import outbox
from mailflow.store import Unit, is_embedded
from mailflow.store.queries import due_entries, due_reminders, pending_bookings
from tests.conversations.test_conversation import ANN, DANA, JOE
from tests.flow import Flow, to

EXPLAINED = re.compile(r"SELECT|UPDATE|DELETE|INSERT")
SCAN = re.compile(r"SCAN (?!(\d+ )?CONSTANT)|Seq Scan on")

Statements = dict[str, list[Any]]
"""Those that were run, with the values of the last time."""


class Listener(logging.Handler):
    """Hears every statement that peewee runs: it tells its logger."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: Statements = {}

    def emit(self, record: logging.LogRecord) -> None:
        statement: Any = record.msg
        sql, values = statement
        if EXPLAINED.match(sql):
            self.heard[sql] = list(values or ())


@contextmanager
def listening() -> Iterator[Statements]:
    logger, listener = logging.getLogger("peewee"), Listener()
    logger.addHandler(listener)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield listener.heard
    finally:
        logger.removeHandler(listener)
        logger.setLevel(logging.NOTSET)
        logger.propagate = True


def scans(flow: Flow, statements: Mapping[str, list[Any]]) -> list[str]:
    """Those of the statements for which the database would look through a table."""

    def plan(unit: Unit, sql: str, values: list[Any]) -> str:
        if is_embedded(unit.config):
            rows = unit.db.execute(SQL(f"EXPLAIN QUERY PLAN {sql}", values)).fetchall()
            return "\n".join(row[-1] for row in rows)
        unit.db.execute(SQL("SET LOCAL enable_seqscan = off"))  # it likes to, while there is little
        rows = unit.db.execute(SQL(f"EXPLAIN {sql}", values)).fetchall()
        return "\n".join(row[0] for row in rows)

    plans = {sql: flow.run(plan, sql, values) for sql, values in statements.items()}
    return [f"{sql}\n{plan}" for sql, plan in plans.items() if SCAN.search(plan)]


def test_a_mail_and_a_booking_scan_nothing(flow: Flow) -> None:
    with listening() as statements:
        question = to(flow.mail(JOE, "dana@flow.test", "Hello."), "dana@coach.test")
        flow.mail(ANN, question.address, "I am a stranger here.")
        offered = to(flow.reply(DANA, question, "/offer coaching"), "joe@client.test")
        booked = to(flow.reply(JOE, offered, "2"), "joe@client.test")
        flow.reply(JOE, booked, "Thank you! See you then.")
        flow.reply(JOE, booked, "cancel")
    assert len(statements) > 50
    assert scans(flow, statements) == []


def test_the_queues_scan_nothing(flow: Flow) -> None:
    def pulse(unit: Unit) -> None:
        taking.recover(unit)
        taking.renew(unit)
        taking.take_up(unit, 10)
        outbox.recover(unit)
        outbox.renew(unit, [1, 2])
        outbox.claim(unit, 16, for_one_domain=4, under_way=["client.test"] * 4)
        due_reminders(unit.db, unit.now, 10)
        due_entries(unit.db, unit.now, 10)
        pending_bookings(unit.db, unit.now, 10)

    flow.mail(JOE, "dana@flow.test", "Hello.")
    with listening() as statements:
        flow.run(pulse)
    assert scans(flow, statements) == []
