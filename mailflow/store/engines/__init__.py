"""The databases that mailflow runs on, each behind the same few words: a file of SQLite, or a PostgreSQL server."""

from mailflow.config import Config
from mailflow.store.engines.engine import ConnectionLost, DatabaseTrouble, Engine, Locked
from mailflow.store.engines.postgresql import Postgresql
from mailflow.store.engines.sqlite import Sqlite, database_path

__all__ = [
    "ConnectionLost",
    "DatabaseTrouble",
    "Engine",
    "Locked",
    "database_path",
    "engine_for",
    "is_embedded",
    "is_new",
]


def is_embedded(config: Config) -> bool:
    """Whether the database is a file of this machine, and not a server that others may use as well."""
    return config.database.url == "sqlite"


def is_new(config: Config) -> bool:
    """Whether there is no database yet; a server is never taken to be new, for others may use it already."""
    return is_embedded(config) and not database_path(config).exists()


def engine_for(config: Config) -> Engine:
    """The database that the configuration names, not connected yet. Raises `ConfigError`."""
    if is_embedded(config):
        return Sqlite(database_path(config))
    return Postgresql(config.database.url)
