"""Looks into a database with eyes of its own, and says what is missing there, doubled, or half made."""

import json
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path
from typing import Any

from mailflow.store.columns import InstantField
from mailflow.store.compression import unpack
from tests.flow import Sent

EVER = datetime.max.replace(tzinfo=UTC)

ENDED = "failed 3 times: mailflow ended while it was worked on"

Copy = tuple[str, str]
"""Recipient and message id."""


@dataclass(slots=True)
class Findings:
    """What is wrong; all of it is empty where nothing is."""

    lost: list[str] = field(default_factory=list)
    """Promised, and not there."""
    doubled: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    """A booking without what belongs to it, or that without a booking."""
    damaged: list[str] = field(default_factory=list)
    """The database itself, or a mail in it that could not be worked on."""


class Books:
    """One database, read beside whoever writes."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def damages(self) -> list[str]:
        """What is wrong with the database itself."""
        return [row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]

    def is_quiet(self, before: datetime = EVER) -> bool:
        """Whether all work is done, or all that came before then."""
        waiting = "SELECT 1 FROM takenmail WHERE state = 'taken' AND at < ?"
        sending = "SELECT 1 FROM delivery WHERE state != 'sent' AND created < ?"
        moment = InstantField().db_value(before)
        return not self.rows(f"{waiting} UNION ALL {sending} LIMIT 1", moment, moment)

    def in_flight(self) -> list[Copy]:
        """Copies of which nobody knows whether they went out."""
        found = self.rows("SELECT recipient, message_id FROM delivery WHERE state = 'sending'")
        return [(recipient, ident) for recipient, ident in found]

    def lost(self, taken: Iterable[str]) -> list[str]:
        """Mails that were answered with 250, and of which there are no bytes."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'takenmail'"):
            return list(taken)  # not even the tables are there
        there = self._kept(
            "SELECT content FROM takenmail JOIN blob ON blob.digest = takenmail.blob"
        )
        return [ident for ident in taken if ident not in there]

    def parked(self) -> set[str]:
        """Mails that three kills in a row met while they were worked on: they are listed under `held`."""
        kept = "SELECT content FROM takenmail JOIN blob ON blob.digest = takenmail.blob"
        return self._kept(f"{kept} WHERE state = 'parked' AND reason = ?", ENDED)

    def _kept(self, query: str, *values: Any) -> set[str]:
        """The ids of mails, out of their bytes."""
        contents = (content for (content,) in self.rows(query, *values))
        return {str(message_from_bytes(unpack(one))["Message-ID"]).strip("<>") for one in contents}

    def audit(
        self, taken: Collection[str], booked: Collection[str], arrived: Collection[Copy]
    ) -> Findings:
        """What is wrong, once all work is done."""
        findings = Findings(damaged=self.damages())
        self._audit_mails(findings, taken, set(arrived))
        self._audit_bookings(findings, booked)
        return findings

    def _audit_mails(self, findings: Findings, taken: Iterable[str], arrived: set[Copy]) -> None:
        aside = (
            "SELECT id, reason FROM takenmail WHERE state NOT IN ('done', 'taken') AND reason != ?"
        )
        findings.damaged += [f"mail {ident}: {reason}" for ident, reason in self.rows(aside, ENDED)]
        times = dict(
            self.rows("SELECT message_id, COUNT(*) FROM message WHERE direction = 'in' GROUP BY 1")
        )
        listed = self.parked()
        findings.lost += [f"taken {ident}" for ident in taken if ident not in {*times, *listed}]
        findings.doubled += [f"message {ident}" for ident, number in times.items() if number > 1]
        copies = self.rows("SELECT recipient, message_id FROM delivery")
        findings.doubled += [
            f"copy {copy}" for copy, number in Counter(copies).items() if number > 1
        ]
        findings.lost += [f"copy {copy}" for copy in copies if copy not in arrived]
        findings.half += [f"sent without a row {copy}" for copy in arrived - set(copies)]

    def _audit_bookings(self, findings: Findings, booked: Iterable[str]) -> None:
        offers = Counter(
            ident
            for (ident,) in self.rows(
                "SELECT message_id FROM booking JOIN offer ON offer.id = booking.offer"
            )
        )
        findings.lost += [f"booked {ident}" for ident in booked if ident.strip("<>") not in offers]
        findings.doubled += [f"offer {ident}" for ident, number in offers.items() if number > 1]
        findings.doubled += [f"time {time}" for time in self._overlaps()]
        findings.half += self._halves()

    def _overlaps(self) -> Iterator[str]:
        reserved = self.rows('SELECT host, start, "end" FROM reserved ORDER BY host, start')
        for one, other in pairwise(reserved):
            if one[0] == other[0] and other[1] < one[2]:
                yield f"{one[0]} {other[1]}"

    def _halves(self) -> Iterator[str]:
        reserved = Counter(self.rows('SELECT booking, start, "end" FROM reserved'))
        reminders = Counter(row[0] for row in self.rows("SELECT booking FROM reminder"))
        copies: defaultdict[str, set[str]] = defaultdict(set)
        for recipient, ident in self.rows("SELECT recipient, message_id FROM delivery"):
            copies[ident].add(recipient)
        attendees: defaultdict[str, set[str]] = defaultdict(set)
        for booking, address in self.rows("SELECT booking, address FROM attendee"):
            attendees[booking].add(address)
        for booking, start, end, announced in self.rows(
            'SELECT id, start, "end", announced FROM booking'
        ):
            if reserved.pop((booking, start, end), 0) != 1:
                yield f"booking {booking} without its time"
            if reminders.pop(booking, 0) != 1:
                yield f"booking {booking} without its reminder"
            (ident,) = json.loads(announced)
            if len(attendees[booking]) != 2 or copies[ident] != attendees[booking]:
                yield f"booking {booking} without its mails"
        yield from (f"a time of no booking {left}" for left in reserved)
        yield from (f"a reminder of no booking {left}" for left in reminders)


def copied(data: Path, folder: Path) -> Books:
    """The database of a process that is dead, copied: looking must not repair it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("mailflow.db", "mailflow.db-wal"):
        if (data / name).exists():
            shutil.copy(data / name, folder)
    return Books(folder / "mailflow.db")


def copies(mails: Iterable[Sent]) -> list[Copy]:
    return [(mail.recipient, mail["Message-ID"].strip("<>")) for mail in mails]


def repeated(mails: Sequence[Sent], allowed: Collection[Copy]) -> list[str]:
    """Copies that arrived twice though nobody had to doubt it, or with other bytes."""
    seen: defaultdict[Copy, set[bytes]] = defaultdict(set)
    times: Counter[Copy] = Counter()
    for mail, copy in zip(mails, copies(mails), strict=True):
        seen[copy].add(mail.raw)
        times[copy] += 1
    needless = [
        f"again {copy}" for copy, number in times.items() if number > 1 and copy not in allowed
    ]
    return needless + [f"other bytes {copy}" for copy, raws in seen.items() if len(raws) > 1]
