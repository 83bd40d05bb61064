"""The schema and its steps. A new database is made whole; an older one is brought forward step by step."""

from collections.abc import Callable
from typing import Any

import peewee as pw

from mailflow.errors import MailflowError
from mailflow.store.columns import TABLES
from mailflow.store.search import create_index

STEPS: tuple[Callable[[Any], None], ...] = ()
"""What leads from each version to the next; the schema's version is their number plus one. Forward only."""

# Half-open spans: one may begin where another ends. On PostgreSQL this is an exclusion constraint.
GUARD = """
CREATE TRIGGER {name} BEFORE {event} ON reserved
WHEN EXISTS (
  SELECT 1 FROM reserved
  WHERE host = NEW.host AND start < NEW."end" AND "end" > NEW.start AND id != NEW.id
)
BEGIN SELECT RAISE(ABORT, 'overlapping booking'); END
"""


def migrate(database: Any) -> None:
    """Bring the schema to this release's; raises `MailflowError` if it belongs to a newer one."""
    newest = len(STEPS) + 1
    with database.atomic("IMMEDIATE"):
        version = database.execute_sql("PRAGMA user_version").fetchone()[0]
        if version > newest:
            raise MailflowError(
                f"the database is of a newer mailflow (schema {version}, this one knows {newest})"
            )
        if version == 0:
            _create(database)
        else:
            for step in STEPS[version - 1 :]:
                step(database)
        if version != newest:
            database.execute_sql(f"PRAGMA user_version = {newest}")


def _create(database: Any) -> None:
    for model in TABLES.values():
        schema = pw.SchemaManager(model, database)
        schema.create_table(safe=False)
        schema.create_indexes(safe=False)
    create_index(database)
    for name, event in (("reserved_insert", "INSERT"), ("reserved_update", "UPDATE")):
        database.execute_sql(GUARD.format(name=name, event=event))
