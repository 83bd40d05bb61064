"""What differs between databases."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import peewee as pw

R = TypeVar("R")

DatabaseTrouble = pw.OperationalError
"""The database itself is in trouble: locked, full, not to be reached."""

INDEXED: Mapping[str, tuple[str, ...]] = {
    "message": ("subject", "author_name", "author_address", "text"),
    "participant": ("name", "address"),
}
"""The columns whose words are found, of each table."""


class ConnectionLost(pw.OperationalError):
    """The server cannot be reached, or went away; during a commit nobody knows whether that was made."""


class Locked(pw.OperationalError):
    """Another process kept the database to itself for too long."""


class Engine(Protocol):
    """A database: how its transactions begin and end, and what its schema needs beside the tables."""

    database: Any
    """peewee's; each thread has a connection of its own."""
    writing: str
    """How a transaction begins that may write: as if it were alone."""
    claiming: str
    """How one begins that takes up rows of a queue and looks at nothing else."""
    reading: str
    """How one begins that sees a consistent state, beside whoever writes."""
    migrating: str
    """How one begins that changes the schema."""

    alone: str
    """How one begins beside which nobody else writes, however long it takes."""

    def transact(self, begin: str, work: Callable[[], R]) -> R:
        """The result of `work()` in a transaction of its own, committed; it may be run more than once until it is.

        Raises `DatabaseTrouble`, of which `ConnectionLost` alone leaves open whether it was committed; `DiskFailed`.
        """

    def prove(self) -> None:
        """Before serving: see that the database can be written, and that what is in it is on the disk. Raises as
        `transact` does."""

    def look_alone(self) -> None:
        """Within a transaction that may change the schema: have others who are about to wait until it ends.

        Raises `MailflowError` for a server on which nothing would work.
        """

    def wait_for_writers(self) -> None:
        """Within the same: let nobody write any more until it ends, once those who do are done."""

    def guards(self) -> Iterable[str]:
        """The statements that let the database refuse two bookings of one host that overlap."""

    def word_index(self) -> Iterable[str]:
        """The statements that make the index of words, for tables that are new."""

    def with_words(self, words: str, *, beginnings: bool) -> pw.SQL:
        """The query for conversations in which these words stand in this order, the last one as a beginning or not."""

    def software(self) -> str:
        """What keeps the database, and its release."""

    def doubts(self) -> Sequence[tuple[str, str]]:
        """What of the database's own settings breaks a promise, each with what to do about it."""

    def is_in_use(self) -> bool:
        """Whether anybody else has the database open; this thread's own connection is closed."""

    def number_on(self, table: str) -> None:
        """Let the numbers of a table's new rows go on after its highest."""

    def announce(self, node: str) -> None:
        """Within a transaction: tell all other processes of its commit."""

    def listen(self, node: str, heard: Callable[[], object]) -> None:
        """Call `heard` after each commit that another process than `node` announces, until `stop_listening`."""

    def stop_listening(self) -> None:
        """End it; once is enough, and none does no harm."""
