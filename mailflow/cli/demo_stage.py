"""Where the demo plays: a mailflow on loopback with throw-away data, and everybody's mailbox."""

import asyncio
import secrets
import smtplib
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from mailflow import config
from mailflow.config import Endpoint
from mailflow.doors.listener import Listener
from mailflow.errors import MailflowError
from mailflow.mail.addresses import split
from mailflow.mail.envelope import Envelope, Recipient
from mailflow.service import load_house, running

LOOPBACK = "127.0.0.1"
PATIENCE = 15.0
"""Seconds for a mail to arrive, or a page to come: on loopback both take far less than one."""

DOMAIN = "flow.localhost"

CONFIG = """\
[mailflow]
domain = "{domain}"
public_url = "http://127.0.0.1:{web}"
[listener]
address = "127.0.0.1:0"
[authentication]
mode = "none"
[smarthost]
address = "127.0.0.1:{smarthost}"
[web]
listen = "127.0.0.1:{web}"
[[hosts]]
handle = "dana"
name = "Dana Coach"
email = "dana@coach.example"
timezone = "Europe/Berlin"
hours = {{ mon = ["09:00-17:00"], tue = ["09:00-17:00"], wed = ["09:00-17:00"], \
thu = ["09:00-17:00"], fri = ["09:00-17:00"] }}
[[appointment_types]]
slug = "coaching"
title = "Coaching session"
hosts = ["dana"]
duration = "50m"
location = "https://meet.example.com/dana"
[[appointment_types]]
slug = "follow-up"
title = "Follow-up call"
hosts = ["dana"]
duration = "20m"
"""

# Ids in a header that is folded by the oldest Python would come out as encoded words.
_UNFOLDED = policy.SMTP.clone(max_line_length=998)


class Postbox:
    """Everybody's mailbox: what mailflow sends out lands here, each mail as a file of its own."""

    def __init__(self, folder: Path, show: Callable[[EmailMessage], None]) -> None:
        self.folder = folder
        self._show = show
        self._count = 0
        self._unread: dict[tuple[str, str], asyncio.Queue[EmailMessage]]
        self._unread = defaultdict(asyncio.Queue)

    async def take(self, envelope: Envelope) -> None:
        """Keep and show a mail; it waits to be read."""
        mail = message_from_bytes(bytes(envelope.raw), policy=policy.default)
        kind = str(mail["Mailflow-Kind"])
        self._count += 1
        for recipient in envelope.recipients:
            name = f"{self._count:02}-{kind}-to-{split(recipient)[0]}.eml"
            (self.folder / name).write_bytes(bytes(envelope.raw))
            self._show(mail)
            self._unread[recipient, kind].put_nowait(mail)

    async def next_mail(self, recipient: str, kind: str) -> EmailMessage:
        """The next unread mail of that Mailflow-Kind to somebody, waited for. MailflowError."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._unread[recipient, kind].get()
        except TimeoutError:
            raise MailflowError(f"no {kind} mail to {recipient} has come") from None


@dataclass(frozen=True, slots=True)
class Stage:
    """A running mailflow, as people on the outside reach it: by SMTP and HTTP alone."""

    smtp: tuple[str, int]
    site: str
    postbox: Postbox

    async def send(self, mail: EmailMessage) -> None:
        """Hand a mail in, over SMTP."""
        await asyncio.to_thread(self._hand_in, mail)

    async def visit(self, url: str) -> None:
        """Open a page; OSError, if it is none."""
        await asyncio.to_thread(_open, Request(url))

    async def press(self, url: str) -> None:
        """Press the button of a page, as a browser does; OSError, if that is refused."""
        form = urlencode({"zone": "Europe/London"}).encode("ascii")
        await asyncio.to_thread(_open, Request(url, form, {"Origin": self.site}))

    def _hand_in(self, mail: EmailMessage) -> None:
        with smtplib.SMTP(*self.smtp, timeout=PATIENCE) as smtp:
            smtp.send_message(mail)


@asynccontextmanager
async def built(folder: Path, show: Callable[[EmailMessage], None]) -> AsyncIterator[Stage]:
    """A mailflow in an empty folder, which sends its mail into a postbox there."""
    mails = folder / "mails"
    mails.mkdir()
    postbox = Postbox(mails, show)
    smarthost = Listener(
        config.Listener(address=Endpoint(LOOPBACK, 0)),
        hostname="smarthost.localhost",
        accepts=lambda address: Recipient.OURS,
        take=postbox.take,
    )
    _, port = await smarthost.start()
    try:
        web = _free_port()
        house = load_house(_write_config(folder, port, web), {})
        async with running(house) as ports:
            yield Stage(ports["smtp"], f"http://{LOOPBACK}:{web}", postbox)
    finally:
        await smarthost.stop()


def letter(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    """A mail as a mail client writes it."""
    mail = EmailMessage(policy=_UNFOLDED)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(localtime())
    mail["Message-ID"] = make_msgid(domain="mail.example")
    mail.set_content(text)
    return mail


def answer(sender: str, received: EmailMessage, text: str) -> EmailMessage:
    """An answer to a mail, as a mail client writes it."""
    subject = str(received["Subject"])
    subject = subject if subject.startswith("Re: ") else f"Re: {subject}"
    mail = letter(sender, str(received["Reply-To"]), subject, text)
    mail["In-Reply-To"] = received["Message-ID"]
    mail["References"] = f"{received['References'] or ''} {received['Message-ID']}".strip()
    return mail


def _write_config(folder: Path, smarthost: int, web: int) -> Path:
    (folder / "data").mkdir()
    (folder / "data" / "secret").write_text(secrets.token_urlsafe(48))
    path = folder / "config.toml"
    path.write_text(CONFIG.format(domain=DOMAIN, smarthost=smarthost, web=web))
    return path


def _free_port() -> int:
    """A port that nobody has just now: links name it before the pages are served."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _open(request: Request) -> None:
    browser = build_opener(ProxyHandler({}))  # loopback is behind no proxy
    browser.open(request, timeout=PATIENCE).close()
