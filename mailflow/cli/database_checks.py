"""The database: whether it can be written, and whether what it promises survives a power cut."""

import os
from collections.abc import Iterator

from mailflow.cli.findings import Finding, fail, ok, warn
from mailflow.errors import MailflowError
from mailflow.store import DatabaseTrouble, database_path, is_embedded, is_new, open_store
from mailflow.store.migrations import newest
from mailflow.store.unit import House


def database_findings(house: House) -> Iterator[Finding]:
    """Whether the database can be written; one that is not there yet is not made here."""
    if is_new(house.config):
        yield _place(house)
        return
    name, advice = _name(house), _advice(house)
    try:
        store = open_store(house)
        try:
            store.run_now(lambda unit: None)  # it takes the lock that a writer needs
            software, doubts, schema = store.software(), store.doubts(), store.schema
        finally:
            store.close()
    except (DatabaseTrouble, MailflowError) as error:
        yield fail("database", f"{name}: {error}", advice)
        return
    yield ok("database", f"{name} can be written ({software}, schema {schema.version})")
    if schema.version > newest():
        detail = f"a newer mailflow has been here: this one knows schema {newest()}, and goes on"
        yield warn("database", detail, "bring this mailflow up to date as well")
    for doubt, remedy in doubts:
        yield warn("database", f"{name}: {doubt}", remedy)


def _place(house: House) -> Finding:
    path = database_path(house.config)
    folder = next(parent for parent in path.parents if parent.exists())
    if os.access(folder, os.W_OK):
        return ok("database", f"{path} will be made")
    return fail("database", f"{path} cannot be made", _advice(house))


def _name(house: House) -> str:
    if is_embedded(house.config):
        return str(database_path(house.config))
    # What stands before it may be a password.
    return "PostgreSQL at " + house.config.database.url.rpartition("@")[2]


def _advice(house: House) -> str:
    if is_embedded(house.config):
        folder = database_path(house.config).parent
        return f"see that the user mailflow runs as may write to {folder}"
    return "see that the server runs, and that the user of database.url owns the database there"
