"""Records in and out of the database, by plain equality; SQL is compiled once for each shape of call."""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import peewee as pw

from mailflow.errors import NotFound
from mailflow.store.columns import TABLES
from mailflow.store.engines import Engine
from mailflow.store.layouts import Convert, Layout, layout_of

R = TypeVar("R")

TOGETHER = 64
"""Records that one statement writes at most: it has room for so many values, and is compiled for each number."""

Places = list[tuple[str, Convert | None]]
"""The names of the values that a statement takes, in their order, and how each is put into the database."""

Statements = dict[tuple[Any, ...], tuple[str, Places]]
"""SQL by the shape of a call, with the values that it takes."""


class Session:
    """What a unit of work does with the database; it belongs to one open transaction."""

    def __init__(self, engine: Engine, statements: Statements) -> None:
        self.engine = engine
        self._database = engine.database
        # Shared by all sessions of one database: compiling costs ten times the running.
        self._statements = statements
        self.wrote = False
        """Whether anything was written: then there may be work for those who wait for it."""

    def insert(self, record: R, *, once: bool = False) -> R:
        """Write a new record; a numbered one (`id=0`) comes back with its number.

        What is written `once` may be there already, by its key, and stays as it is.
        """
        return self.insert_all([record], once=once)[0]

    def insert_all(self, records: Sequence[R], *, once: bool = False) -> Sequence[R]:
        """Write new records of one kind, many by one statement; the rest as in `insert`."""
        batches = [records[first : first + TOGETHER] for first in range(0, len(records), TOGETHER)]
        return [record for batch in batches for record in self._insert_together(batch, once)]

    def _insert_together(self, records: Sequence[R], once: bool) -> Sequence[R]:
        kind = type(records[0])
        layout = layout_of(kind)
        returning = layout.numbered and self._database.returning_clause

        def build() -> Any:
            query = layout.table.insert_many([_places(layout.columns)] * len(records))
            query = query.returning(layout.fields[layout.key]) if returning else query
            return query.on_conflict_ignore() if once else query

        rows = [layout.values(record) for record in records]
        cursor = self._run_compiled(("insert", once, len(rows)), layout, build, *rows)
        if not layout.numbered:
            return records
        if returning:
            numbers: Iterable[int] = sorted(number for (number,) in cursor.fetchall())
        else:  # SQLite numbers the rows of one statement one after the other
            numbers = range(cursor.lastrowid - len(rows) + 1, cursor.lastrowid + 1)
        make: Callable[..., R] = kind
        return [make(number, *row.values()) for number, row in zip(numbers, rows, strict=True)]

    def find(self, kind: type[R], **equal: Any) -> R | None:
        """The first record with these values, by its key."""
        rows = self._matching(kind, equal)
        return rows[0] if rows else None

    def get(self, kind: type[R], key: Any) -> R:
        """The record with this key; raises `NotFound`."""
        found = self.find(kind, **{layout_of(kind).key: key})
        if found is None:
            raise NotFound(kind.__name__.lower(), str(key))
        return found

    def all(self, kind: type[R], **equal: Any) -> list[R]:
        """All records with these values, in the order of their keys."""
        return self._matching(kind, equal)

    def keyed(self, kind: type[R], keys: Collection[Any]) -> dict[Any, R]:
        """The records with these keys, as far as they are there, by key."""
        layout = layout_of(kind)
        wanted = several(layout.key, keys)

        def build() -> pw.Query:
            found: pw.Query = layout.table.select()
            return found.where(layout.fields[layout.key].in_(places(wanted)))

        found = self.compiled(kind, f"keyed {len(wanted)}", build, **wanted) if wanted else []
        return {getattr(one, layout.key): one for one in found}

    def change(self, record: R, **values: Any) -> R:
        """Write changed values of a record; returns it as it is now."""
        layout = layout_of(type(record))
        key = layout.key
        self._run_compiled(
            ("change", *values),
            layout,
            lambda: _where(layout.table.update(_places(values)), layout, [key]),
            {**values, key: getattr(record, key)},
        )
        return dataclasses.replace(record, **values)  # type: ignore[type-var]

    def delete(self, kind: type, **equal: Any) -> int:
        """Remove all records with these values; returns how many there were."""
        layout: Layout[Any] = layout_of(kind)
        removed = self._run_compiled(
            ("delete", *equal), layout, lambda: _where(layout.table.delete(), layout, equal), equal
        )
        return int(removed.rowcount)

    def keep_to_oneself(self, kind: type) -> None:
        """Before anything else in a transaction: until its end nobody else writes records of this kind."""
        if self._database.for_update:  # else there is one writer at a time anyway
            name = TABLES[kind]._meta.table_name
            self._database.execute_sql(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the transaction that may fail alone: an exception undoes what was written in it, and goes on."""
        # All have one name, which SQL allows: peewee draws another each time, and the database compiles it anew.
        self._database.execute_sql("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._database.execute_sql("ROLLBACK TO SAVEPOINT attempt")
            self._database.execute_sql("RELEASE SAVEPOINT attempt")
            raise
        self._database.execute_sql("RELEASE SAVEPOINT attempt")

    def select(
        self,
        kind: type[R],
        *where: pw.Expression,
        order: Iterable[Any] = (),
        limit: int | None = None,
        claimed: bool = False,
    ) -> list[R]:
        """Records by peewee expressions, for the named queries of this room.

        Those that are to be `claimed` nobody else gets before this transaction ends; those of others are passed over.
        """
        table = TABLES[kind]
        query = table.select().where(*where) if where else table.select()
        query = query.order_by(*(tuple(order) or (table._meta.primary_key,))).limit(limit)
        sql, values = self._compile(self._claiming(query) if claimed else query)
        return layout_of(kind).records(self._run(sql, values).fetchall())

    def compiled(
        self,
        kind: type[R],
        name: str,
        build: Callable[[], pw.Query],
        *,
        claimed: bool = False,
        **values: Any,
    ) -> list[R]:
        """Records by a query that is asked for with every mail: compiled once, and known by its name.

        `build` makes it, with a `place` for each of the values, which are named as the columns that they stand beside.
        """

        def built() -> pw.Query:
            return self._claiming(build()) if claimed else build()

        layout = layout_of(kind)
        return layout.records(self._run_compiled((name,), layout, built, values).fetchall())

    def execute_compiled(
        self, kind: type, name: str, build: Callable[[], pw.Query], **values: Any
    ) -> None:
        """Run a statement that changes rows of a kind; the rest as in `compiled`."""
        layout: Layout[Any] = layout_of(kind)
        self._run_compiled((name,), layout, build, values)

    def _claiming(self, query: Any) -> Any:
        # On SQLite there is one writer at a time anyway.
        return query.for_update(skip_locked=True) if self._database.for_update else query

    def execute(self, query: pw.Query | pw.SQL) -> Any:
        """Run a peewee query of this room."""
        return self._run(*self._compile(query))

    def _matching(self, kind: type[R], equal: dict[str, Any]) -> list[R]:
        layout = layout_of(kind)
        nulls = tuple(name for name, value in equal.items() if value is None)
        given = {name: value for name, value in equal.items() if value is not None}

        def build() -> Any:
            query = _where(layout.table.select(), layout, given, nulls)
            return query.order_by(layout.fields[layout.key])

        cursor = self._run_compiled(("select", nulls, *given), layout, build, given)
        return layout.records(cursor.fetchall())

    def _run_compiled(
        self,
        shape: tuple[Any, ...],
        layout: Layout[Any],
        build: Callable[[], Any],
        *rows: Mapping[str, Any],
    ) -> Any:
        """Run the statement of this shape; `build` makes it the first time, with a place for each named value of each
        row."""
        statement = self._statements.get((layout, *shape))
        if statement is None:
            # peewee sorts what it updates: the order of its places tells which value goes where.
            sql, names = self._compile(build())
            of_a_row = names[: len(names) // len(rows)]
            statement = sql, [(name, layout.into.get(name)) for name in of_a_row]
            self._statements[(layout, *shape)] = statement
        sql, places = statement
        values = [
            row[name] if into is None else into(row[name]) for row in rows for name, into in places
        ]
        return self._run(sql, values)

    def _compile(self, query: pw.Query | pw.SQL) -> tuple[str, list[Any]]:
        sql, values = self._database.get_sql_context().sql(query).query()
        return sql, list(values)

    def _run(self, sql: str, values: list[Any]) -> Any:
        self.wrote = self.wrote or not sql.startswith("SELECT")
        return self._database.execute_sql(sql, values)


def place(name: str) -> Any:
    """A place in a statement for the value of a column."""
    return pw.Value(name, converter=False)


def several(column: str, values: Collection[Any]) -> dict[str, Any]:
    """Values of one column, which is of those that a driver takes as they are, by the names of their places.

    They are filled up to a power of two, with the last of them: so there are few statements to compile and to keep.
    """
    listed = list(values)
    listed += listed[-1:] * ((1 << (len(listed) - 1).bit_length()) - len(listed)) if listed else []
    return {f"{column} {number}": value for number, value in enumerate(listed)}


def places(names: Iterable[str]) -> list[Any]:
    """A place for each of these values."""
    return [place(name) for name in names]


def _places(names: Iterable[str]) -> dict[str, Any]:
    return {name: place(name) for name in names}


def _where(query: Any, layout: Layout[Any], given: Iterable[str], nulls: Iterable[str] = ()) -> Any:
    """A query for rows with certain values in these columns; the values are handed in when it runs."""
    terms = [layout.fields[name] == place for name, place in _places(given).items()]
    terms += [layout.fields[name].is_null() for name in nulls]
    return query.where(*terms) if terms else query
