"""All of one database into another, of either kind, and the proof that it is the same there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import peewee as pw

from mailflow.config import Config
from mailflow.errors import MailflowError
from mailflow.store.columns import TABLES
from mailflow.store.engines import Engine, database_path, engine_for, is_new
from mailflow.store.migrations import migrate, newest
from mailflow.store.session import Session

Row = tuple[Any, ...]
Advance = Callable[[int], object]

TOGETHER = 50
"""Rows that are in memory at a time: one may have a megabyte."""

BITS = 256
"""Of a digest."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a table: how many rows, and a digest of them all that no order of theirs changes."""

    table: str
    rows: int
    digest: str


def copy_database(
    source: Config, target: Config, begin: Callable[[int], Advance]
) -> list[Contents]:
    """Everything of one database into another, which is empty; returns what is in each table of both.

    The target has all of it, or, if this is interrupted, nothing. Nobody else may use either meanwhile. `begin` is told
    how many rows are to be read, and what it returns how many were. Raises `MailflowError`, `DatabaseTrouble`.
    """
    if is_new(source):
        raise MailflowError(f"there is nothing to copy: {database_path(source)} does not exist yet")
    with _alone(source, "FROM") as one, _alone(target, "TO") as other:
        return one.transact(
            one.alone, lambda: other.transact(other.alone, lambda: _copy(one, other, begin))
        )


@contextmanager
def _alone(config: Config, name: str) -> Iterator[Engine]:
    """A database that no other process uses now, its schema brought up to date."""
    engine = engine_for(config)
    try:
        if engine.is_in_use():
            raise MailflowError(f"{name} is in use: end every `mailflow serve` on it first")
        if migrate(engine).version > newest():
            raise MailflowError(
                f"{name} is of a newer mailflow, whose release alone knows all of it"
            )
        yield engine
    finally:
        engine.database.close()


def _copy(source: Engine, target: Engine, begin: Callable[[int], Advance]) -> list[Contents]:
    for table in TABLES.values():
        if _count(target, table):
            raise MailflowError(f"TO is not empty: its table {table._meta.table_name} has rows")
    # Each row is read twice: where it is from, and where it went.
    advance = begin(2 * sum(_count(source, table) for table in TABLES.values()))
    return [_copy_table(source, target, table, advance) for table in TABLES.values()]


def _count(engine: Engine, table: Any) -> int:
    counted = table.select(pw.fn.COUNT(table._meta.primary_key))
    return int(Session(engine, {}).execute(counted).fetchone()[0])


def _copy_table(source: Engine, target: Engine, table: Any, advance: Advance) -> Contents:
    read = _contents(table, _copied(source, target, table), advance)
    if isinstance(table._meta.primary_key, pw.BigAutoField):
        target.number_on(table._meta.table_name)
    written = _contents(table, _batches(target, table), advance)
    if read != written:
        raise MailflowError(f"the copy is not the same: {read} became {written}")
    return written


def _copied(source: Engine, target: Engine, table: Any) -> Iterator[Sequence[Row]]:
    for rows in _batches(source, table):
        try:
            _insert(target, table, rows)
        except pw.DatabaseError as error:
            raise MailflowError(f"{table._meta.table_name} cannot be copied: {error}") from error
        yield rows


def _batches(engine: Engine, table: Any) -> Iterator[Sequence[Row]]:
    """All rows of a table in the order of their keys, as its database has them but for the types of its driver."""
    fields, key = table._meta.sorted_fields, table._meta.primary_key
    place = fields.index(key)
    session = Session(engine, {})
    some = table.select().order_by(key).limit(TOGETHER)
    query = some
    while rows := [_plain(fields, row) for row in session.execute(query).fetchall()]:
        yield rows
        query = some.where(key > rows[-1][place])


def _plain(fields: Sequence[pw.Field], row: Row) -> Row:
    """A row in which a truth is a bool: SQLite has none."""
    return tuple(
        bool(value) if value is not None and isinstance(field, pw.BooleanField) else value
        for field, value in zip(fields, row, strict=True)
    )


def _insert(engine: Engine, table: Any, rows: Sequence[Row]) -> None:
    """Rows as they are, their numbers with them."""
    columns = ", ".join(f'"{field.column_name}"' for field in table._meta.sorted_fields)
    one = f"({', '.join([engine.database.param] * len(rows[0]))})"
    into = f'INSERT INTO "{table._meta.table_name}" ({columns}) VALUES '
    values = [value for row in rows for value in row]
    engine.database.execute_sql(into + ", ".join([one] * len(rows)), values)


def _contents(table: Any, batches: Iterator[Sequence[Row]], advance: Advance) -> Contents:
    # The sum of the rows' digests: databases sort names differently.
    total = number = 0
    for rows in batches:
        total += sum(int.from_bytes(sha256(repr(row).encode()).digest()) for row in rows)
        number += len(rows)
        advance(len(rows))
    return Contents(table._meta.table_name, number, f"{total % 2**BITS:0{BITS // 4}x}")
