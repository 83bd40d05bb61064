"""PostgreSQL: a server for any number of mailflow processes, each writing as if it were alone.

Transactions are SERIALIZABLE: what PostgreSQL refuses because two of them cannot stand one after the other is run
again, then alone. What found its connection gone before anything of it was committed is run again, too.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, TypeVar

import peewee as pw

from mailflow.errors import ConfigError, MailflowError
from mailflow.store.engines import tsearch
from mailflow.store.engines.engine import ConnectionLost
from mailflow.store.engines.hearing import Hearing

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ImportError:  # it is an extra: who has SQLite does without
    psycopg = None  # type: ignore[assignment]

R = TypeVar("R")

OLDEST = 14
"""The first release of PostgreSQL that has all that is used here."""

# A lock that is taken with the transaction's beginning, when it sees nothing of the database yet. Any table will do
# that nobody else locks.
BESIDE_OTHERS = "LOCK TABLE schema_version IN ROW SHARE MODE"
TOGETHER = f"SERIALIZABLE; {BESIDE_OTHERS}"
# Each row is locked before it is taken up, as it is by then, and nothing else is looked at. As SERIALIZABLE, two that
# look through the same end of an index are taken to stand in each other's way, though they find different rows.
CLAIMING = f"READ COMMITTED; {BESIDE_OTHERS}"
KEEP_OUT = "LOCK TABLE schema_version IN EXCLUSIVE MODE"
ALONE = f"SERIALIZABLE; {KEEP_OUT}"

RUNS = 4
"""Runs of one transaction at most; from the second on nobody stands against it."""

# What the address in the configuration does not say. A server that vanishes without a word is given up
# after ten seconds, and a lock that somebody keeps after five: before any peer loses patience.
DEFAULTS: dict[str, Any] = {
    "application_name": "mailflow",
    "target_session_attrs": "read-write",
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "options": "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s",
}

# Any number will do that nobody else locks: one process alone makes or changes the schema.
SCHEMA_LOCK = 0x6D61696C666C6F77

# Half-open spans: one may begin where another ends. A range of one name makes a host comparable to a GiST index
# without any extension.
GUARDS = (
    """CREATE TYPE name_span AS RANGE (subtype = text, collation = "C")""",
    """
ALTER TABLE reserved ADD CONSTRAINT reserved_apart
EXCLUDE USING gist (name_span(host, host, '[]') WITH &&, int8range(start, "end") WITH &&)
""",
)

# Other roles (a backup, a monitor) are no mailflow.
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid != pg_backend_pid()
"""

# With nothing in the table, the first number is the next.
NUMBER_ON = """
SELECT setval(pg_get_serial_sequence('{table}', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) FROM {table}
"""

REFUSED = {"40001", "40P01"}
"""Serialization failure, deadlock: nothing was committed, and another run may fare better."""

CHANNEL = "mailflow"


class Postgresql:
    """A database on a server, or on several of which one is the primary."""

    writing = TOGETHER
    claiming = CLAIMING
    reading = "REPEATABLE READ, READ ONLY"
    # The version is read after the lock was waited for, and has to be what it is then.
    migrating = "READ COMMITTED"
    alone = f"REPEATABLE READ; {KEEP_OUT}"

    def __init__(self, url: str) -> None:
        if psycopg is None:
            raise MailflowError("PostgreSQL needs more: pip install 'mailflow[postgresql]'")
        try:
            parameters = {**DEFAULTS, **conninfo_to_dict(url)}
        except psycopg.ProgrammingError:  # its text may hold the password
            raise ConfigError(
                ["database.url: expected postgresql://USER:PASSWORD@HOST/NAME"]
            ) from None
        self._hearing = Hearing(parameters, CHANNEL)
        self.database: Any = _Database(parameters.pop("dbname"), prefer_psycopg3=True, **parameters)

    def transact(self, begin: str, work: Callable[[], R]) -> R:
        was_lost = False
        for run in count(1):
            committing = False
            try:
                with self.database.atomic(begin):
                    value = work()
                    committing = True
            except pw.PeeweeException as error:
                if self._is_lost():
                    if committing or was_lost:
                        raise ConnectionLost(str(error)) from error
                    was_lost = True
                elif run == RUNS or _state(error) not in REFUSED:
                    raise
                elif begin == TOGETHER:
                    begin = ALONE
            else:
                return value
        raise AssertionError("it returns or raises")

    def _is_lost(self) -> bool:
        """Whether this thread's connection is gone; then the next use makes a new one."""
        if self.database.is_connection_usable():
            return False
        self.database.close()
        return True

    def prove(self) -> None:
        """A server sees to its own disk, and `open_store` has written to it or seen that it can."""

    def look_alone(self) -> None:
        self._check_server()
        self.database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))

    def wait_for_writers(self) -> None:
        # Each has a lock of this table; and whoever changes tables in another order than they use them would
        # stand against them.
        self.database.execute_sql(KEEP_OUT)

    def guards(self) -> Iterable[str]:
        return GUARDS

    def word_index(self) -> Iterable[str]:
        return tsearch.index()

    def with_words(self, words: str, *, beginnings: bool) -> pw.SQL:
        return tsearch.query(words, beginnings=beginnings)

    def _check_server(self) -> None:
        """Raises `MailflowError` for a server on which nothing would work."""
        if self.database.server_version < OLDEST * 10_000:
            raise MailflowError(f"PostgreSQL {OLDEST} is the oldest that will do")
        if self._setting("server_encoding") != "UTF8":
            raise MailflowError("the database keeps no UTF-8: make it with ENCODING 'UTF8'")

    def _setting(self, name: str) -> str:
        return str(self.database.execute_sql(f"SHOW {name}").fetchone()[0])

    def software(self) -> str:
        return f"PostgreSQL {self._setting('server_version')}"

    def doubts(self) -> Sequence[tuple[str, str]]:
        return [
            (f"{name} is off: a power cut takes back mail that was answered", f"set {name} = on")
            for name in ("fsync", "full_page_writes", "synchronous_commit")
            if self._setting(name) == "off"
        ]

    def is_in_use(self) -> bool:
        others = self.database.execute_sql(OTHERS).fetchone()[0]
        self.database.close()
        return bool(others)

    def number_on(self, table: str) -> None:
        self.database.execute_sql(NUMBER_ON.format(table=table))

    def announce(self, node: str) -> None:
        self.database.execute_sql("SELECT pg_notify(%s, %s)", (CHANNEL, node))

    def listen(self, node: str, heard: Callable[[], object]) -> None:
        self._hearing.start(node, heard)

    def stop_listening(self) -> None:
        self._hearing.stop()


class _Database(pw.PostgresqlDatabase):
    def _initialize_connection(self, connection: Any) -> None:
        # psycopg keeps the plans of a hundred statements; there are more shapes of calls.
        connection.prepared_max = 500

    def savepoint(self) -> Any:
        # One name for all: a name of its own would make each a statement of its own.
        return pw._savepoint(self, "attempt")


def _state(error: pw.PeeweeException) -> str | None:
    """What the server calls an error (SQLSTATE)."""
    return getattr(getattr(error, "orig", None), "sqlstate", None)
