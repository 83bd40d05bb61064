"""What is wrong in a config, a line for each mistake: file, key, value, what would be right."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from mailflow.config.notation import did_you_mean
from mailflow.config.values import TABLES

Place = tuple[str | int, ...]

MISSING = object()
MAX_SHOWN = 100  # characters of a value; a mistaken table can be the whole file
MAP_KEY = "[key]"  # pydantic's mark for a mistake in a mapping's key

RIGHT = {  # by pydantic's names of errors
    "bool_type": "true or false",
    "dict_type": 'a table such as {{ mon = ["09:00-17:00"] }}',
    "enum": "{expected}",
    "greater_than_equal": "{ge} or more",
    "int_type": "a whole number",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
}

_PASSWORD = re.compile(r"(//[^/@\s:]*):\S*@")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A key's place in the document, its value as written (or MISSING), and what to do about it."""

    place: Place
    value: object
    advice: str

    def line(self, source: str, variables: Mapping[Place, str]) -> str:
        """One line to act upon; `variables` names the environment variables that set a place."""
        where = f"{source}: {written(self.place)}"
        if self.place in variables:
            where = f"environment variable {variables[self.place]}"
        if self.value is MISSING:
            return f"{where} is missing: {self.advice}"
        return f"{where} = {shown(self.value)}: {self.advice}"


def written(place: Place) -> str:
    """The path of a key as people write it: `hosts[0].hours.mon`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def shown(value: object) -> str:
    """The value much as TOML writes it, cut when it is long, its password hidden."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = _PASSWORD.sub(r"\1:…@", text.encode(errors="backslashreplace").decode())
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def keys(table: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that the table of this name may have."""
    return tuple(key.name for key in fields_of(TABLES[table]) if key.name != "folder")


def from_pydantic(error: ValidationError) -> Iterator[Mistake]:
    """The mistakes that pydantic found, in the order of the file."""
    for detail in error.errors(include_url=False):
        place: Place = tuple(part for part in detail["loc"] if part != MAP_KEY)
        match detail["type"]:
            case "missing":
                yield Mistake(place, MISSING, f"expected {_right_value(place)}")
            case "unexpected_keyword_argument":
                yield Mistake(place, detail["input"], f"no such key{_right_key(place)}")
            case _:
                yield Mistake(place, detail["input"], f"expected {_right(place, detail)}")


def _right(place: Place, detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "tuple_type":
            return "a list, [ … ]" + _of_tables(place)
        case "dataclass_type":
            return "a table" + _with_keys(place)
        case kind:
            return RIGHT.get(kind, detail["msg"]).format_map(context).replace("'", '"')


def _right_value(place: Place) -> str:
    """What the key would take, found by trying it with nothing."""
    *table, key = _names(place)
    hints = get_type_hints(TABLES[tuple(table)], include_extras=True)
    try:
        TypeAdapter(hints[key]).validate_python(None)
    except ValidationError as error:
        return _right(place, error.errors()[0])
    return "a value"


def _right_key(place: Place) -> str:
    """What to add: the key that was meant, the table where this one belongs, or all keys."""
    *table, key = _names(place)
    known = keys(tuple(table))
    if hint := did_you_mean(key, known):
        return hint
    if homes := [f"[{written(home)}]" for home in TABLES if home and key in keys(home)]:
        return f"; it belongs to {' or '.join(homes)}"
    return "; expected one of " + ", ".join(known)


def _of_tables(place: Place) -> str:
    table = _names(place)
    return f" of tables [[{'.'.join(table)}]]{_with_keys(place)}" if table in TABLES else ""


def _with_keys(place: Place) -> str:
    return " with the keys " + ", ".join(keys(_names(place)))


def _names(place: Place) -> tuple[str, ...]:
    return tuple(part for part in place if isinstance(part, str))


def reason(error: Exception) -> str:
    """What the system says of a file."""
    return getattr(error, "strerror", None) or str(error)
