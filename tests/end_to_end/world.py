"""mailflow as its users start it: a process, driven by real SMTP and real HTTP on loopback."""

import copy
import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import IO, Any, TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.flow import SETTINGS, Sent

PATIENCE = 20.0
"""Seconds in which anything must have happened: a slow machine gets that long, and no more."""

T = TypeVar("T")


def eventually(look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


class Mailboxes:
    """The rest of the world: a smarthost that takes everything."""

    def __init__(self) -> None:
        self.mails: list[Sent] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.open()

    def open(self) -> None:
        """Take mail, again if they were closed."""
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=lambda *_: AuthResult(success=True),
            auth_require_tls=False,
        )
        self._controller.start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        message = message_from_bytes(raw, policy=policy.default)
        for recipient in envelope.rcpt_tos:
            self.mails.append(Sent(recipient, envelope.mail_from or "", raw, message))
        return "250 2.0.0 taken"

    def close(self) -> None:
        self._controller.stop()

    def of(self, recipient: str, kind: str = "") -> list[Sent]:
        """What has come for a recipient, oldest first."""
        return [
            mail
            for mail in self.mails
            if mail.recipient == recipient and kind in ("", mail["Mailflow-Kind"])
        ]

    def wait(self, recipient: str, kind: str = "", number: int = 1) -> Sent:
        """The so-many-th mail of a kind for a recipient."""
        return eventually(lambda: self.of(recipient, kind)[number - 1 :])[0]


class World:
    """A mailflow in a folder, and the mailboxes that it sends to."""

    def __init__(
        self,
        folder: Path,
        settings: str = SETTINGS,
        database: str = "sqlite",
        roles: str = "listener,web,worker",
    ) -> None:
        self.folder = folder
        self.boxes = Mailboxes()
        self._process: subprocess.Popen[str] | None = None
        (folder / "data").mkdir()
        (folder / "data" / "secret").write_text("s" * 40 + "\n")
        self.config = folder / "config.toml"
        self.config.write_text(
            f'{settings}\n[database]\nurl = "{database}"\n'
            f'[listener]\naddress = "127.0.0.1:0"\n[web]\nlisten = "127.0.0.1:0"\n'
            f'[smarthost]\naddress = "127.0.0.1:{self.boxes.port}"\n'
        )
        self.smtp = self.http = 0
        self._roles = roles
        self.program = "mailflow"
        """The module that is run."""
        self.stderr: IO[bytes] | None = None
        """Where its stderr goes; else it is shown."""

    def start(self, **environment: str) -> None:
        """Start serving, and wait until it can take mail."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", self.program, "--config", str(self.config)),
                *("serve", "--roles", self._roles),
            ],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        address = r"=127\.0\.0\.1:(\d+)"
        ports = re.fullmatch(rf"ready(?: smtp{address})?(?: http{address})?\n", ready)
        assert ports, ready
        self.smtp, self.http = int(ports[1] or 0), int(ports[2] or 0)

    @property
    def pid(self) -> int:
        """Of the process that serves."""
        assert self._process is not None
        return self._process.pid

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; its exit code."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(how)
        code = process.wait(PATIENCE)
        if process.stdout:
            process.stdout.close()
        return code

    def twin(self, roles: str = "") -> "World":
        """Another process of the same configuration, and with the same mailboxes; it does not run yet."""
        other = copy.copy(self)
        other._process = None
        other._roles = roles or self._roles
        return other

    def stop(self) -> None:
        """Kill the process, if it runs."""
        if self._process is not None:
            self.end(signal.SIGKILL)

    def close(self) -> None:
        self.stop()
        self.boxes.close()

    def send(
        self,
        sender: str,
        to: str | list[str],
        text: str,
        answers: Sent | None = None,
        **headers: str,
    ) -> EmailMessage:
        """A mail over real SMTP, as a mail client writes it; it returns when it was taken."""
        message = EmailMessage()
        recipients = [to] if isinstance(to, str) else to
        message["From"], message["To"] = sender, ", ".join(recipients)
        message["Message-ID"] = make_msgid(domain="client.test")
        message["Subject"] = headers.pop("Subject", "A question")
        if answers is not None:
            message.replace_header("Subject", f"Re: {answers['Subject'].removeprefix('Re: ')}")
            message["In-Reply-To"] = answers["Message-ID"]
            message["References"] = f"{answers['References']} {answers['Message-ID']}".strip()
        for name, value in headers.items():
            message[name] = value
        message.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=PATIENCE) as client:
            ours = [one for one in recipients if one.endswith("@flow.test")]
            assert client.sendmail("someone@client.test", ours, message.as_bytes()) == {}
        return message

    def reply(self, sender: str, to: Sent, text: str) -> EmailMessage:
        return self.send(sender, to.address, text, answers=to)

    def command(self, *words: str, code: int = 0) -> str:
        """What a command prints."""
        done = subprocess.run(
            [sys.executable, "-m", "mailflow", "--config", str(self.config), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    def read(self, *words: str) -> Any:
        """What a command says as JSON."""
        return json.loads(self.command(*words, "--json"))

    def page(self, url: str) -> str:
        """A link of a mail as the address of this process: links carry the public name."""
        return url.replace("https://flow.test", f"http://127.0.0.1:{self.http}")
