"""Reads the configuration: one TOML file, environment variables over it, all mistakes at once."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mailflow.config.checks import Document, check
from mailflow.config.mistakes import Place, from_pydantic, keys, reason, shown
from mailflow.config.notation import did_you_mean
from mailflow.config.values import SECTIONS, Config
from mailflow.errors import ConfigError

PREFIX = "MAILFLOW_"
VARIABLES: Mapping[str, tuple[str, str]] = {
    f"{PREFIX}{section}__{key}".upper(): (section, key)
    for section in SECTIONS
    for key in keys((section,))
}


def load(path: Path, environment: Mapping[str, str]) -> Config:
    """The configuration in the file at `path`, with MAILFLOW_SECTION__KEY variables over it.

    Relative paths start at the file's folder. Raises ConfigError with a line for every mistake.
    """
    document = _read(path)
    document.setdefault("mailflow", {})  # so that its keys are named as missing, not the section
    lines = list(_unknown_variables(environment))
    variables = _override(document, environment)
    folder = path.parent.absolute()
    mistakes = list(check(document))
    try:
        config = TypeAdapter(Config).validate_python(document, context=folder)
    except ValidationError as error:
        mistakes = [*from_pydantic(error), *mistakes]
    lines += [mistake.line(str(path), variables) for mistake in mistakes]
    if lines:
        raise ConfigError(lines)
    return replace(config, folder=folder)


def _read(path: Path) -> Document:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        hint = "expected a file; `mailflow init` writes one, --config names another"
        raise ConfigError([f"{path}: cannot be read ({reason(error)}): {hint}"]) from None
    except ValueError as error:
        raise ConfigError([f"{path}: is not TOML: {error}"]) from None


def _unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Complaints about overrides of nothing.

    A name without `__` is no override: MAILFLOW_CONFIG, or MAILFLOW_PORT, which Kubernetes sets
    beside a service of our name.
    """
    for name in sorted(environment):
        if name.startswith(PREFIX) and "__" in name and name not in VARIABLES:
            value = shown(environment[name])
            hint = did_you_mean(name, VARIABLES)
            yield f"environment variable {name} = {value}: no such key can be set{hint}"


def _override(document: Document, environment: Mapping[str, str]) -> dict[Place, str]:
    """Writes the variables that are set into the document, and tells which place each has set."""
    done = {name: place for name, place in VARIABLES.items() if name in environment}
    for name, (section, key) in done.items():
        table = document.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = environment[name]
    return {place: name for name, place in done.items()}
