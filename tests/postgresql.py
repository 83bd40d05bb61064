"""A PostgreSQL server of the tests' own, in a folder that goes with it."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from peewee import BigAutoField

from mailflow.store.columns import TABLES
from mailflow.store.engines.postgresql import Postgresql
from mailflow.store.migrations import migrate

# What is tested ends with the test: nothing has to survive a power cut. Crashes of the server itself lose
# nothing by this, for what was written is in the system's memory.
FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "60"}

DURABLE = {**FAST, "fsync": "on", "full_page_writes": "on"}
"""As one runs it, for measuring."""

PREPARED = "prepared"


class Server:
    """A server on loopback."""

    def __init__(self, programs: Path, settings: Mapping[str, str] = FAST) -> None:
        self.programs = programs
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="mailflow-postgresql-"))
        # It refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]

    def start(self) -> None:
        """Make it, with a database that has all tables."""
        self._run("initdb", "--auth=trust", "--username=tester", "--locale=C.UTF-8", "--no-sync")
        self.control("start")
        self._prepare()

    def follow(self, primary: "Server") -> None:
        """Make it a standby of `primary`, which from now on answers when both have what was committed."""
        source = f"--dbname={primary.url('postgres')}"
        self._run(
            "pg_basebackup", source, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"
        )
        self.control("start")
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.execute("SELECT pg_reload_conf()")

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._port}"

    def url(self, database: str) -> str:
        return f"postgresql://tester@{self.endpoint}/{database}"

    def emptied(self) -> str:
        """The URL of a database whose tables are as if they were new: to make one takes thirty times as long."""
        tables = [model._meta for model in TABLES.values()]
        clear = [f"DELETE FROM {table.table_name}" for table in tables]
        begin_anew = [
            f"SELECT setval(pg_get_serial_sequence('{table.table_name}', 'id'), 1, false)"
            for table in tables
            if isinstance(table.primary_key, BigAutoField)
        ]
        self.execute("; ".join(clear + begin_anew), PREPARED)
        return self.url(PREPARED)

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def control(self, *words: str) -> None:
        """Start, stop or restart it, as `pg_ctl` does."""
        settings = {**self._settings, "listen_addresses": "127.0.0.1", "port": str(self._port)}
        settings["unix_socket_directories"] = ""
        options = " ".join(f"-c {name}={value!r}" for name, value in settings.items())
        self._run(
            "pg_ctl", *words, "--wait", "--silent", f"--log={self._folder}/log", "-o", options
        )

    def close(self) -> None:
        if (self._folder / "data" / "postmaster.pid").exists():
            self.control("stop", "--mode=immediate")
        shutil.rmtree(self._folder)

    def _prepare(self) -> None:
        self.execute(f"CREATE DATABASE {PREPARED}")
        engine = Postgresql(self.url(PREPARED))
        migrate(engine)
        engine.database.close()

    def _run(self, program: str, *words: str) -> None:
        subprocess.run(
            [self.programs / program, f"--pgdata={self._folder}/data", *words],
            user=self._user,
            cwd=self._folder,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def pair() -> Iterator[tuple[Server, Server]]:
    """A server that runs, and another that follows it."""
    with running() as primary:
        standby = Server(primary.programs)
        try:
            standby.follow(primary)
            yield primary, standby
        finally:
            standby.close()


@contextmanager
def running(settings: Mapping[str, str] = FAST) -> Iterator[Server]:
    """A server that runs; the test is skipped where there is none to start."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    made = Server(programs, settings)
    try:
        made.start()
        yield made
    finally:
        made.close()


def _programs() -> Path | None:
    """The folder of the newest release that is installed; Debian keeps it off the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4])
    )
    known = str(found[-1]) if found else shutil.which("initdb")
    return Path(known).parent if known else None
