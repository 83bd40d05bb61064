"""Sends what is due: claims letters, hands each to the smarthost, and records what became of it."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from mailflow import config
from mailflow.doors.smarthost import STANDARD, Patience, Smarthost
from mailflow.mail.outgoing import Letter, Result

CONNECTIONS = 4  # at a time: what a smarthost lets a small sender have
ROUND = 16  # letters claimed at a time; all of them are in memory


class Outbox(Protocol):
    """The queue of letters, on the disk."""

    async def claim(self, limit: int) -> list[Letter]:
        """Up to `limit` letters that are due, the longest due first, now being sent.

        The attempt is counted and committed before: after a crash it has no result, but is known.
        """
        ...

    async def settle(self, results: list[Result]) -> None:
        """Records what became of letters that were claimed."""
        ...


class Delivery:
    """Sends the letters of `outbox`; `hostname` is the name that we give ourselves."""

    def __init__(
        self,
        settings: config.Smarthost,
        outbox: Outbox,
        *,
        hostname: str,
        patience: Patience = STANDARD,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._hostname = hostname
        self._patience = patience

    async def deliver_due(self) -> int:
        """Claims and sends one round; how many letters were claimed, zero if none was due.

        Cancelling it leaves the letters under way without a result.
        """
        letters = await self._outbox.claim(ROUND)
        waiting = iter(letters)
        async with asyncio.TaskGroup() as group:
            for _ in letters[:CONNECTIONS]:
                group.create_task(self._send_each(waiting))
        return len(letters)

    async def _send_each(self, waiting: Iterator[Letter]) -> None:
        async with Smarthost(
            self._settings, hostname=self._hostname, patience=self._patience
        ) as smarthost:
            for letter in waiting:  # shared with the other connections
                result = await smarthost.send(letter)
                await self._outbox.settle([result])  # at once: a crash forgets as few as it can
