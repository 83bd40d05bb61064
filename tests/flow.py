"""A mailflow without doors, for scenarios: mails go in as bytes, and what goes out is read back."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from mailflow import config
from mailflow.conversations.receive import receive
from mailflow.conversations.taking import Job, job_of, take, take_up
from mailflow.doors.authentication import Authenticator
from mailflow.errors import BodyUnmade, HeldMailUnread
from mailflow.keys import Keyring
from mailflow.mail.envelope import Envelope
from mailflow.mail.outgoing import Outcome, Result
from mailflow.mail.reading import Mail, read
from mailflow.mail.tasks import Relaying
from mailflow.mail.wire.body_hashes import outline
from mailflow.post import outbox
from mailflow.rendering import Templates, packaged_templates
from mailflow.store import open_store
from mailflow.store.blobs import keep, kept
from mailflow.store.unit import House, Made, Unit

P = ParamSpec("P")
R = TypeVar("R")

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday, ten o'clock in Berlin."""

NODE = "node-1"

TEMPLATES = Templates([packaged_templates()])
"""Those of all, which are compiled once."""

SETTINGS = """
[mailflow]
domain = "flow.test"
public_url = "https://flow.test"
postmaster = "ops@example.com"
[authentication]
mode = "none"
[[hosts]]
handle = "dana"
name = "Dana Coach"
email = "dana@coach.test"
aliases = ["dana@private.test"]
timezone = "Europe/Berlin"
hours = { mon = ["09:00-12:00", "13:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"] }
[[hosts]]
handle = "erik"
name = "Erik Teacher"
email = "erik@school.test"
timezone = "America/New_York"
hours = { mon = ["09:00-17:00"], tue = ["09:00-17:00"] }
[[appointment_types]]
slug = "coaching"
title = "Coaching session"
hosts = ["dana"]
duration = "50m"
location = "https://meet.example.com/dana"
[[appointment_types]]
slug = "intake"
title = "First meeting"
hosts = ["dana"]
duration = "30m"
conversation = "always_new"
participants = ["assistant@coach.test"]
[[appointment_types]]
slug = "quick"
title = "Quick call"
hosts = ["dana"]
duration = "15m"
conversation = "none"
questions = [{ label = "What about?", required = true }]
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A copy that went out, as its recipient's mail client reads it."""

    recipient: str
    sender: str
    raw: bytes
    message: EmailMessage

    def __getitem__(self, name: str) -> str:
        if name == "Message-ID":
            # As it stands: Python 3.11 does not survive to read `<:@client.test>`.
            found = (value for key, value in self.message.raw_items() if key == name)
            return str(next(found, "")).strip()
        return str(self.message[name] or "")

    @property
    def address(self) -> str:
        """The bare address that an answer goes to."""
        header = cast(Any, self.message["Reply-To"])
        return str(header.addresses[0].addr_spec)

    @property
    def text(self) -> str:
        part = self.message.get_body(("plain",))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""

    @property
    def html(self) -> str:
        part = self.message.get_body(("html",))
        return str(part.get_content()) if part else ""


def _keep(unit: Unit, body: bytes) -> str:
    return keep(unit.db, body)


class Flow:
    """One mailflow in a folder, with a clock that stands still until it is moved.

    Another of the same folder gets a number of what was `drawn` before, and draws what is random after that.
    """

    def __init__(
        self, folder: Path, settings: str = SETTINGS, database: str = "sqlite", drawn: int = 0
    ) -> None:
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data" / "secret").write_text("s" * 40 + "\n")
        path = folder / "config.toml"
        path.write_text(settings)
        self.config = config.load(path, {"MAILFLOW_DATABASE__URL": database})
        self.now = START
        self._drawn = drawn
        self._written = 0
        self.house = House(
            config=self.config,
            keys=Keyring(config.secrets(self.config)),
            templates=TEMPLATES,
            clock=lambda: self.now,
            random=self._random,
            node=NODE,
        )
        self.store = open_store(self.house)

    def close(self) -> None:
        self.store.close()

    def run(self, work: Callable[Concatenate[Unit, P], R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of `work(unit, …)` as one transaction, once a held mail that it needs was read."""
        found: dict[int, Mail] = {}
        made: dict[tuple[str, Relaying], Made] = {}
        while True:
            try:
                return self.store.run_now(
                    lambda unit: work(replace(unit, held_mails=found, made=made), *args, **kwargs)
                )
            except HeldMailUnread as unread:
                job = self.store.read_now(job_of, unread.ident)
                found[unread.ident] = self.read(job)
            except BodyUnmade as unmade:
                body = unmade.changes.body(self._kept(unmade.blob))
                digest = self.store.run_now(_keep, body)
                made[unmade.blob, unmade.changes] = Made(digest, outline(body))

    def read(self, job: Job) -> Mail:
        """A mail that was taken up, read here."""
        return read(self._kept(job.taken.blob), self.config.mailflow.domain, job.taken.sender)

    def _kept(self, blob: str) -> bytes:
        return self.store.read_now(lambda unit: kept(unit.db, blob))

    def mail(
        self,
        sender: str,
        to: str | list[str],
        text: str = "Hello.",
        *,
        cc: str | list[str] = (),  # type: ignore[assignment]
        envelope_to: list[str] | None = None,
        answers: Sent | None = None,
        subject: str | None = None,
        **headers: Any,
    ) -> list[Sent]:
        """Write a mail as `sender`, hand it in, and return what goes out because of it."""
        message = EmailMessage(policy=policy.SMTP)
        recipients = [to] if isinstance(to, str) else list(to)
        copied = [cc] if isinstance(cc, str) else list(cc)
        message["From"] = sender
        message["To"] = ", ".join(recipients)
        if copied:
            message["Cc"] = ", ".join(copied)
        self._written += 1
        message["Message-ID"] = f"<{self._written}@client.test>"
        message["Date"] = self.now
        if answers is not None:
            message["In-Reply-To"] = answers["Message-ID"]
            message["References"] = f"{answers['References']} {answers['Message-ID']}".strip()
            subject = subject or f"Re: {answers['Subject'].removeprefix('Re: ')}"
        message["Subject"] = subject if subject is not None else "A question"
        for name, value in headers.items():
            del message[name.replace("_", "-")]
            message[name.replace("_", "-")] = value
        message.set_content(text)
        ours = [one for one in recipients + copied if one.endswith("@flow.test")]
        return self.hand_in(message.as_bytes(), envelope_to or ours)

    def reply(self, sender: str, to: Sent, text: str, **headers: Any) -> list[Sent]:
        """Answer a mail that went out, as its recipient's mail client would."""
        return self.mail(sender, to.address, text, answers=to, **headers)

    def hand_in(
        self, raw: bytes, recipients: list[str], sender: str = "someone@client.test"
    ) -> list[Sent]:
        """Hand in a mail and let the worker and the delivery do their work."""
        self.run(take, [Envelope(sender, tuple(recipients), "127.0.0.1", "client.test", raw)])
        judge = Authenticator(self.config).check
        for job in self.run(take_up, 10):
            mail = self.read(job)
            self.run(receive, job.arrival(mail, judge(job.envelope, mail)))
        return self.sent()

    def sent(self) -> list[Sent]:
        """What has been queued since the last look, delivered."""
        letters = [
            (letter, bytes(letter.message) + (self._kept(letter.rest) if letter.rest else b""))
            for letter in self.run(outbox.claim, 1000)
        ]
        self.run(outbox.settle, [Result(one.id, Outcome.SENT, "250 ok") for one, _ in letters])
        return [
            Sent(
                letter.recipient,
                letter.sender,
                message,
                message_from_bytes(message, policy=policy.default),
            )
            for letter, message in letters
        ]

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def _random(self, count: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_256(self._drawn.to_bytes(8)).digest(count)


def to(sent: list[Sent], recipient: str) -> Sent:
    """The one copy for a recipient."""
    (copy,) = [one for one in sent if one.recipient == recipient]
    return copy
