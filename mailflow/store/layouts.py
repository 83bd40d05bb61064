"""How records stand in their rows: worked out once for each kind, since every statement needs it."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Generic, TypeVar

import peewee as pw

from mailflow.store.columns import TABLES, BytesField

R = TypeVar("R")

Convert = Callable[[Any], Any]

_TAKEN_AS_THEY_ARE = frozenset(
    {pw.BigAutoField, pw.BigIntegerField, pw.BooleanField, pw.DoubleField, pw.TextField, BytesField}
)
_HANDED_BACK_AS_THEY_ARE = _TAKEN_AS_THEY_ARE - {pw.BooleanField, BytesField}
"""Columns of which a driver takes, and hands back, what stands in the record. SQLite has numbers for truths."""


class Layout(Generic[R]):
    """The table of one kind of record, and how values get into it and out of it."""

    def __init__(self, kind: type[R]) -> None:
        self.table = TABLES[kind]
        meta = self.table._meta
        self.fields: dict[str, pw.Field] = meta.fields
        self.key: str = meta.primary_key.name
        self.numbered = isinstance(meta.primary_key, pw.BigAutoField)
        self.columns = [
            name for name in meta.sorted_field_names if not (self.numbered and name == self.key)
        ]
        """What is written of a new record: all but a number that the database gives."""
        self.into: dict[str, Convert | None] = {
            name: None if type(field) in _TAKEN_AS_THEY_ARE else field.db_value
            for name, field in self.fields.items()
        }
        """How the value of each column is put into the database; None where it is taken as it is."""
        self._read = attrgetter(*self.columns)  # of two columns or more, as every table has
        self._make: Callable[..., R] = kind
        self._out_of = [
            (place, field.python_value)
            for place, field in enumerate(meta.sorted_fields)
            if type(field) not in _HANDED_BACK_AS_THEY_ARE
        ]

    def values(self, record: R) -> dict[str, Any]:
        """What is written of a new record, by column."""
        return dict(zip(self.columns, self._read(record), strict=True))

    def records(self, rows: Iterable[Iterable[Any]]) -> list[R]:
        """The records of whole rows."""
        return [self._record(row) for row in rows]

    def _record(self, row: Iterable[Any]) -> R:
        values = list(row)
        for place, convert in self._out_of:
            if values[place] is not None:
                values[place] = convert(values[place])
        return self._make(*values)


_layouts: dict[type, Layout[Any]] = {}


def layout_of(kind: type[R]) -> Layout[R]:
    """The layout of a kind of record."""
    layout = _layouts.get(kind)
    if layout is None:
        layout = _layouts[kind] = Layout(kind)
    return layout
