"""Alarms: a mail to the operator by another way than the smarthost, which may be what stands still."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from aiosmtplib import SMTP, SMTPException

from mailflow import vitals
from mailflow.config import Endpoint
from mailflow.doors.authentication.resolver import limited_lookup
from mailflow.journal import log
from mailflow.store import Store
from mailflow.vitals import Queue

SMTP_PORT = 25

PATIENCE = 30.0
"""Seconds for each step with a server."""

EVERY = timedelta(minutes=1)
"""How often the queues are looked at for this."""


class Alarms:
    """Tells the operator of queues that stand still."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mailflow = store.house.config.mailflow
        self._clock = store.house.clock
        self._due = self._clock()

    async def sound_due(self) -> int:
        """Mail the alarms whose time has come; how many there were. One that cannot be mailed comes again."""
        if self._clock() < self._due:
            return 0
        self._due = self._clock() + EVERY
        queues = await self._store.run(vitals.alarms_due)
        if not queues:
            return 0
        log.error("alarm", queues=[queue.name for queue in queues])
        if self._mailflow.postmaster and await self._mail(self._letter(queues)):
            await self._store.run(vitals.alarm_told, queues)
        return len(queues)

    def _letter(self, queues: Sequence[Queue]) -> EmailMessage:
        now = self._clock()
        letter = EmailMessage()
        letter["From"] = f"postmaster@{self._mailflow.domain}"
        letter["To"] = self._mailflow.postmaster
        letter["Subject"] = f"mailflow at {self._mailflow.domain} stands still"
        letter["Date"] = format_datetime(now)
        letter["Auto-Submitted"] = "auto-generated"
        lines = "\n".join(f"- {vitals.say(queue, now)}" for queue in queues)
        letter.set_content(
            f"This needs you:\n\n{lines}\n\n"
            "`mailflow check` says what is wrong; `mailflow queue` and `mailflow held` list the mails.\n"
            "Nothing is lost: what waits goes on as soon as it can.\n"
        )
        return letter

    async def _mail(self, letter: EmailMessage) -> bool:
        for server in await asyncio.to_thread(self._servers):
            try:
                await self._hand_over(server, letter)
            except (SMTPException, OSError) as error:
                log.error("alarm.failed", error=error)
            else:
                return True
        return False

    def _servers(self) -> Sequence[Endpoint]:
        """Where mail to the operator is taken: the server that is named for it, else those of the operator's domain."""
        if self._mailflow.alarm_server is not None:
            return [self._mailflow.alarm_server]
        domain = self._mailflow.postmaster.rpartition("@")[2]
        try:
            found = limited_lookup()(domain, "MX")
        except TimeoutError as error:
            log.error("alarm.failed", error=error)
            return []
        return [Endpoint(name, SMTP_PORT) for name in found or [domain]]

    async def _hand_over(self, server: Endpoint, letter: EmailMessage) -> None:
        # Encrypted where that is offered, with any certificate: an alarm says nothing of anybody.
        client = SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=self._mailflow.domain,
            timeout=PATIENCE,
            start_tls=None,
            validate_certs=False,
        )
        async with client:
            await client.sendmail("", [self._mailflow.postmaster], letter.as_bytes())
