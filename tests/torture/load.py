"""People who write, offer and book without a pause, and remember what they were promised."""

import http.client
import smtplib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from itertools import count, cycle
from typing import Self
from urllib.parse import urlsplit

from tests.end_to_end.test_the_main_job import slot_links
from tests.end_to_end.world import World
from tests.flow import SETTINGS, Sent

BUSY = (
    SETTINGS
    + """
[[hosts]]
handle = "otto"
name = "Otto Coach"
email = "otto@coach.test"
timezone = "UTC"
hours = { mon = ["00:00-24:00"], tue = ["00:00-24:00"], wed = ["00:00-24:00"], thu = ["00:00-24:00"] }
[[appointment_types]]
slug = "short"
title = "Short call"
hosts = ["otto"]
duration = "10m"
minimum_notice = "48h"
horizon = "365d"
"""
)
"""Room for thousands of bookings, each with a reminder that is still to come."""

OTTO = "Otto Coach <otto@coach.test>"

WRITERS = 2
AHEAD = 30
"""Mails by which those who write may be ahead of what goes out."""

DAYS = range(4, 360)
"""Days ahead that can be booked."""

Refused = (OSError, smtplib.SMTPException, http.client.HTTPException)
"""What a peer sees of a mailflow that is ended, or in trouble."""


class Load:
    """Threads that go on until the block ends, over any number of restarts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        self._threads += [threading.Thread(target=one) for one in (self._offer, self._book)]
        self.taken: list[str] = []
        """Ids of the mails that were answered with 250."""
        self.booked: list[str] = []
        """Ids of the offers of which a time was booked: the page said so."""
        self.attempted: defaultdict[int, list[str]] = defaultdict(list)
        """What was asked for over the connection of each port of ours, whatever was answered."""
        self.refusals: list[str] = []
        """Each answer that says that it is of no use to try again."""

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        with _Client(self) as client:
            for mail in count():
                while len(self.taken) > len(self._world.boxes.mails) + AHEAD:
                    if self._ended.wait(0.02):
                        return
                sender = f"client-{number}-{mail}@client.test"
                if not client.send(sender, "otto@flow.test", "Hello"):
                    return

    def _offer(self) -> None:
        """Otto answers every second mail with an offer, each of another day: else all would want the same times."""
        days = cycle(_working_days())
        with _Client(self) as client:
            self._follow(
                lambda: self._world.boxes.of("otto@coach.test", "relay")[::2],
                lambda mail: client.send(
                    OTTO, mail.address, f"/offer short {next(days)}", answers=mail
                ),
            )

    def _book(self) -> None:
        """Each client presses the first button that works."""
        self._follow(
            self._offers,
            lambda mail: any(self._press(mail, link) for link in slot_links(self._world, mail)),
        )

    def _offers(self) -> list[Sent]:
        """What clients got: the host's copies have no links."""
        offers = [mail for mail in self._world.boxes.mails if mail["Mailflow-Kind"] == "offer"]
        return [mail for mail in offers if mail.recipient.startswith("client-")]

    def _follow(self, look: Callable[[], list[Sent]], act: Callable[[Sent], object]) -> None:
        """Act once on each mail of a kind."""
        known: set[str] = set()
        while not self._ended.wait(0.05):
            for mail in look():
                if mail["Message-ID"] not in known and not self._ended.is_set():
                    known.add(mail["Message-ID"])
                    act(mail)

    def _press(self, offer: Sent, link: str) -> bool:
        """Press until there is an answer; whether it is of use no more."""
        path = urlsplit(link).path
        while not self._ended.wait(0.02):
            connection = http.client.HTTPConnection("127.0.0.1", self._world.http, timeout=20)
            try:
                connection.connect()
                self.attempted[connection.sock.getsockname()[1]].append(offer["Message-ID"])
                connection.request("POST", path, headers={"Host": "flow.test"}, body="")
                status = connection.getresponse().status
            except Refused:
                continue
            finally:
                connection.close()
            if status == 303:
                self.booked.append(offer["Message-ID"])
                return True
            if status == 409:
                return False
            if 400 <= status < 500:
                self.refusals.append(f"POST {status}")
                return True
        return True

    def attempt(self, mail: EmailMessage, to: str, client: smtplib.SMTP) -> bool:
        """Hand in one mail; whether it was answered with 250."""
        ident = mail["Message-ID"].strip("<>")
        try:
            self.attempted[client.sock.getsockname()[1]].append(ident)  # type: ignore[union-attr]
            client.sendmail("someone@client.test", [to], mail.as_bytes())
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= 500:
                self.refusals.append(f"{error.smtp_code} {error.smtp_error!r}")
            raise
        self.taken.append(ident)
        return True

    def connect(self) -> smtplib.SMTP:
        return smtplib.SMTP("127.0.0.1", self._world.smtp, timeout=20)

    @property
    def ended(self) -> bool:
        return self._ended.is_set()


class _Client:
    """A server that delivers to mailflow: it keeps its connection, and tries each mail until it is taken."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *trouble: object) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def send(self, sender: str, to: str, text: str, answers: Sent | None = None) -> bool:
        """Whether it was taken before the load ended."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, to, "A question"
        mail["Message-ID"] = make_msgid(domain="client.test")
        if answers is not None:
            mail["In-Reply-To"] = mail["References"] = answers["Message-ID"]
        mail.set_content(text)
        while not self._load.ended:
            try:
                self._connection = self._connection or self._load.connect()
                return self._load.attempt(mail, to, self._connection)
            except Refused:
                self._hang_up()
                time.sleep(0.02)
        return False


def _working_days() -> Iterator[date]:
    today = datetime.now(UTC).date()
    days = (today + timedelta(days=number) for number in DAYS)
    return (day for day in days if day.weekday() < 4)
