"""Hears what other processes announce on a PostgreSQL server: a connection of its own that waits (LISTEN)."""

import os
import select
import threading
from collections.abc import Callable, Mapping
from typing import Any

try:
    import psycopg
except ImportError:  # it is an extra: who has SQLite hears nobody
    psycopg = None  # type: ignore[assignment]

AGAIN = 1.0
"""Seconds until a connection that was lost is made anew: meanwhile the queues' own pulse has to do."""


class Hearing:
    """One thread that waits on `channel`."""

    def __init__(self, parameters: Mapping[str, Any], channel: str) -> None:
        self._parameters = dict(parameters)
        self._channel = channel
        self._thread: threading.Thread | None = None

    def start(self, node: str, heard: Callable[[], object]) -> None:
        """Call `heard` for each word of another than `node`, until `stop`."""
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(
            target=self._listen, args=(node, heard), name="store-hearing", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        if self._thread is not None:
            os.close(self._end)  # which makes the other side readable
            self._thread.join()
            os.close(self._ended)
            self._thread = None

    def _listen(self, node: str, heard: Callable[[], object]) -> None:
        while not self._has_ended(0):
            try:
                with psycopg.connect(**self._parameters, autocommit=True) as connection:
                    connection.execute(f"LISTEN {self._channel}")
                    self._hear(connection, node, heard)
            except psycopg.Error:
                self._has_ended(AGAIN)

    def _hear(self, connection: Any, node: str, heard: Callable[[], object]) -> None:
        while self._ended not in select.select([connection, self._ended], [], [])[0]:
            if any(word.payload != node for word in connection.notifies(timeout=0)):
                heard()

    def _has_ended(self, patience: float) -> bool:
        return bool(select.select([self._ended], [], [], patience)[0])
