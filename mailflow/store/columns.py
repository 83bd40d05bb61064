"""Records are the schema: a frozen dataclass becomes a table, one column for each field."""

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, TypeVar, cast

import peewee as pw

from mailflow.store.compression import pack, unpack

R = TypeVar("R")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_as_json = json.JSONEncoder(ensure_ascii=False).encode

TABLES: dict[type, Any] = {}
"""The table of each record, in the order of their definition."""


class InstantField(pw.BigIntegerField):
    """An aware instant as microseconds since 1970 UTC: sorts and compares alike in every database."""

    def db_value(self, value: datetime | None) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def python_value(self, value: int | None) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class ListField(pw.TextField):
    """A tuple of plain values as JSON."""

    def db_value(self, value: Sequence[Any] | None) -> str | None:
        return None if value is None else _as_json(value)

    def python_value(self, value: str | None) -> tuple[Any, ...] | None:
        if value is None:
            return None
        if value == "[]":
            return ()
        return tuple(tuple(item) if isinstance(item, list) else item for item in json.loads(value))


class WordField(pw.TextField):
    """A member of a StrEnum, by its value."""

    def __init__(self, words: type[StrEnum], **options: Any) -> None:
        super().__init__(**options)
        self._words = {str(word): word for word in words}

    def db_value(self, value: StrEnum | str | None) -> str | None:
        return None if value is None else str(value)

    def python_value(self, value: str | None) -> StrEnum | None:
        return None if value is None else self._words[value]


class BytesField(pw.BlobField):
    """Bytes, whatever the driver hands back."""

    def python_value(self, value: bytes | memoryview | None) -> bytes | None:
        return None if value is None else bytes(value)


class PackedField(BytesField):
    """Bytes that are stored compressed where that is worth its time."""

    def db_value(self, value: bytes | None) -> bytes | None:
        return None if value is None else pack(value)

    def python_value(self, value: bytes | memoryview | None) -> bytes | None:
        return None if value is None else unpack(bytes(value))


Packed = Annotated[bytes, PackedField]
"""The type of a column of such bytes."""


def table(
    *, unique: Sequence[tuple[str, ...]] = (), indexes: Sequence[tuple[str, ...]] = ()
) -> Callable[[type[R]], type[R]]:
    """Make a table of a record class; its first field is the primary key, an `int` one is numbered by the database."""

    def build(record: type[R]) -> type[R]:
        hints = typing.get_type_hints(record, include_extras=True)
        names = [field.name for field in dataclasses.fields(cast(Any, record))]
        columns = {name: _column(hints[name], primary=name == names[0]) for name in names}
        meta = type(
            "Meta",
            (),
            {
                "table_name": record.__name__.lower(),
                "indexes": [(one, True) for one in unique] + [(one, False) for one in indexes],
            },
        )
        TABLES[record] = type(record.__name__, (pw.Model,), {**columns, "Meta": meta})
        return record

    return build


def _column(hint: Any, *, primary: bool) -> pw.Field:
    if hint == Packed:
        return PackedField()
    optional = isinstance(hint, types.UnionType)
    kind = next(arg for arg in typing.get_args(hint) if arg is not type(None)) if optional else hint
    if primary:
        return pw.BigAutoField() if kind is int else pw.TextField(primary_key=True)
    origin = typing.get_origin(kind) or kind
    if issubclass(origin, StrEnum):
        return WordField(origin, null=optional)
    fields: dict[type, type[pw.Field]] = {
        str: pw.TextField,
        bool: pw.BooleanField,
        int: pw.BigIntegerField,
        float: pw.DoubleField,
        bytes: BytesField,
        datetime: InstantField,
        tuple: ListField,
    }
    return fields[origin](null=optional)
