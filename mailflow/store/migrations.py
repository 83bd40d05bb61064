"""The schema and its steps. A new database is made whole; an older one is brought forward step by step."""

from collections.abc import Callable
from itertools import chain

import peewee as pw

import mailflow.store.tables  # noqa: F401 -- they are in TABLES from then on
from mailflow.errors import MailflowError
from mailflow.store.columns import TABLES
from mailflow.store.engines import Engine

STEPS: tuple[Callable[[Engine], None], ...] = ()
"""What leads from each version of the schema to the next. Forward only."""

NEWEST = len(STEPS) + 1
"""The version that this release makes and needs."""


def migrate(engine: Engine) -> None:
    """Bring the schema to this release's; raises `MailflowError` if it belongs to a newer one."""
    engine.transact(engine.migrating, lambda: _bring_forward(engine))


def _bring_forward(engine: Engine) -> None:
    version = engine.schema_version()
    if version > NEWEST:
        raise MailflowError(
            f"the database is of a newer mailflow (schema {version}, this one knows {NEWEST})"
        )
    if version == 0:
        _create(engine)
    else:
        for step in STEPS[version - 1 :]:
            step(engine)
    if version != NEWEST:
        engine.mark_schema(NEWEST)


def _create(engine: Engine) -> None:
    for model in TABLES.values():
        schema = pw.SchemaManager(model, engine.database)
        schema.create_table(safe=False)
        schema.create_indexes(safe=False)
    for statement in chain(engine.word_index(), engine.guards()):
        engine.database.execute_sql(statement)
