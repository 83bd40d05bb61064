"""The schema and its steps. A new database is made whole; an older one is brought forward step by step.

Processes of two releases may use one database while one after the other is brought up to date. So a step adds first:
tables, indexes, columns that may be empty or have a default. The release before goes on beside that, for it names
the columns that it knows. What nobody uses any more is removed by a step of a later release, which says who is too old
for it then. A step is short, since everybody waits for it: rows are filled in by the worker, in pieces, afterwards.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import peewee as pw

from mailflow.errors import MailflowError
from mailflow.store.columns import TABLES
from mailflow.store.engines import Engine
from mailflow.store.session import Session
from mailflow.store.tables import Node  # with it all tables are in TABLES
from mailflow.store.tables.nodes import LOST


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database says of its tables."""

    version: int
    oldest: int
    """A release that knows this version, or a later one, can work with them."""


@dataclass(frozen=True, slots=True)
class Step:
    """What leads from one version of the schema to the next; forward only."""

    apply: Callable[[Engine], None]
    oldest: int = 1
    """A release that knows this version of the schema, or a later one, goes on beside this step; one that only adds
    leaves out nobody."""


STEPS: tuple[Step, ...] = ()
"""From the first version on."""


def migrate(engine: Engine, now: datetime | None = None, steps: Sequence[Step] = STEPS) -> Schema:
    """Bring the schema to that of a release with these steps; returns what it is then, which may be newer.

    `now` is None where nobody else has the database open. Raises `MailflowError` if the release is too old for the
    schema, or one that still serves is too old for a step.
    """
    return engine.transact(engine.migrating, lambda: _bring_forward(engine, now, steps))


def newest(steps: Sequence[Step] = STEPS) -> int:
    """The version of the schema that a release with these steps makes."""
    return len(steps) + 1


def _bring_forward(engine: Engine, now: datetime | None, steps: Sequence[Step]) -> Schema:
    found, known = _found(engine), newest(steps)
    oldest = max((step.oldest for step in steps), default=1)
    if found is None:
        _create(engine)
    elif found.oldest > known:
        raise MailflowError(
            f"the database is of a newer mailflow (schema {found.version}, for releases that know"
            f" {found.oldest}; this one knows {known}): use a newer release here, too"
        )
    elif found.version >= known:
        return found
    else:
        engine.wait_for_writers()
        if now is not None:
            _leave_nobody_behind(engine, now, oldest)
        for step in steps[found.version - 1 :]:
            step.apply(engine)
    return _mark(engine, Schema(known, oldest))


def _found(engine: Engine) -> Schema | None:
    """What the database says of itself; None where it is new. Others who ask wait until the transaction ends."""
    engine.look_alone()
    engine.database.execute_sql(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL, oldest INTEGER NOT NULL)"
    )
    row = engine.database.execute_sql("SELECT version, oldest FROM schema_version").fetchone()
    return Schema(*row) if row else None


def _leave_nobody_behind(engine: Engine, now: datetime, oldest: int) -> None:
    """Raises `MailflowError` for processes that serve and would meet tables that they cannot work with."""
    node = TABLES[Node]
    # By columns that the first version has: what a step adds to this table is not there yet.
    lives = node.ended.is_null() & (node.seen >= now - LOST)
    found = node.select(node.machine).where(lives, node.schema < oldest).distinct()
    behind = [machine for (machine,) in Session(engine, {}).execute(found).fetchall()]
    if behind:
        raise MailflowError(
            f"a mailflow that is too old for this one still serves at {', '.join(sorted(behind))}: end it first (one"
            " that was killed counts for a minute)"
        )


def _mark(engine: Engine, schema: Schema) -> Schema:
    engine.database.execute_sql("DELETE FROM schema_version")
    engine.database.execute_sql(
        f"INSERT INTO schema_version VALUES ({schema.version}, {schema.oldest})"
    )
    return schema


def _create(engine: Engine) -> None:
    for model in TABLES.values():
        schema = pw.SchemaManager(model, engine.database)
        schema.create_table(safe=False)
        schema.create_indexes(safe=False)
    for statement in chain(engine.word_index(), engine.guards()):
        engine.database.execute_sql(statement)
