"""Sends what is due, without a pause: claims letters, hands each to the smarthost, records what became of it."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Protocol

from mailflow import config
from mailflow.doors.pace import Pace
from mailflow.doors.smarthost import STANDARD, Patience, Smarthost
from mailflow.errors import LetterUnread, SmarthostAway
from mailflow.journal import log
from mailflow.mail.outgoing import Letter, Outcome, Result
from mailflow.phrases import said

FOR_ONE_DOMAIN = 4  # letters at a time: one whose server hangs must leave room for the others
KEPT = 10.0  # seconds without a letter that a connection is kept; some smarthosts end one after ten
RENEWAL = 15.0  # seconds between the signs of life for what is under way
AGAIN = 1.0  # seconds until a result that could not be recorded is tried again


class Outbox(Protocol):
    """The queue of letters, on the disk."""

    async def claim(
        self, limit: int, *, for_one_domain: int, under_way: Collection[str]
    ) -> list[Letter]:
        """Up to `limit` letters that are due, the longest due first, now being sent.

        Of those to one domain at most `for_one_domain`, with those `under_way` to it. The attempt
        is counted and committed before: after a crash it has no result, but is known.
        """
        ...

    def whole(self, letter: Letter) -> AbstractAsyncContextManager[Letter]:
        """A letter with all of its message, as long as the block lasts. Raises `LetterUnread`."""
        ...

    async def renew(self, numbers: Collection[int]) -> None:
        """A sign of life: these letters are still being sent."""
        ...

    async def settle(self, results: Sequence[Result]) -> None:
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
        pace: Pace | None = None,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._hostname = hostname
        self._patience = patience
        self._pace = pace or Pace()
        # Each letter until its result is on disk.
        self._unsettled: dict[int, asyncio.Task[None]] = {}
        self._sending: dict[int, str] = {}  # the domains of those that have a connection
        self._kept: list[tuple[float, Smarthost]] = []  # since when; the last one used at the end
        self._results: list[Result] = []
        self._settling = asyncio.Lock()
        self._renewal = 0.0
        self.ended: Callable[[], object] = lambda: None
        """Called after each letter: its result is to be recorded, and another can be sent."""

    async def deliver_due(self) -> int:
        """Records what has become of letters, claims as many as can be sent at once, and begins to send them.

        Returns how many were begun.
        """
        now = asyncio.get_running_loop().time()
        await self._renew(now)
        await self._quit_since(now - KEPT)
        # Asked for together: so they share a commit.
        _, begun = await asyncio.gather(self._settle(), self._begin(now))
        return begun

    async def _begin(self, now: float) -> int:
        room = self._pace.width(now) - len(self._sending)
        if room <= 0:
            return 0
        letters = await self._outbox.claim(
            room, for_one_domain=FOR_ONE_DOMAIN, under_way=tuple(self._sending.values())
        )
        for letter in letters:
            if letter.id in self._unsettled:
                continue  # the clock was set forward, and its claim seemed void: it is still under way
            self._sending[letter.id] = letter.domain
            self._unsettled[letter.id] = asyncio.create_task(self._deliver(letter))
        return len(letters)

    async def stop(self, grace: float) -> None:
        """Waits that many seconds for what is under way; what takes longer is left without a result."""
        tasks = list(self._unsettled.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self._results:
                    await self._settle()
        await self._quit_since(asyncio.get_running_loop().time())

    async def _deliver(self, letter: Letter) -> None:
        try:
            self._results.append(await self._send(letter))
        except BaseException:
            del self._unsettled[letter.id]
            raise
        finally:
            del self._sending[letter.id]
        self.ended()

    async def _send(self, letter: Letter) -> Result:
        try:
            async with self._outbox.whole(letter) as whole:
                return await self._hand_over(whole)
        except LetterUnread as error:
            log.error("delivery.unread", letter=letter.id, error=error.__cause__)
            unread = said("the mail could not be read from the disk")
            return Result(letter.id, Outcome.DEFERRED, unread)

    async def _hand_over(self, letter: Letter) -> Result:
        now = asyncio.get_running_loop().time
        smarthost = self._kept.pop()[1] if self._kept else self._connection()
        try:
            result = await smarthost.send(letter)
        except SmarthostAway as away:
            self._pace.slow_down(now())
            return Result(letter.id, Outcome.DEFERRED, away.detail)
        self._pace.speed_up()
        self._kept.append((now(), smarthost))
        return result

    def _connection(self) -> Smarthost:
        return Smarthost(self._settings, hostname=self._hostname, patience=self._patience)

    async def _settle(self) -> None:
        """Records the results that have come."""
        async with self._settling:
            if not self._results:
                return
            batch = tuple(self._results)
            try:
                await self._outbox.settle(batch)
            except Exception as error:  # forgotten, the letters would be sent again
                log.error("delivery.unsettled", letters=len(batch), error=error)
                await asyncio.sleep(AGAIN)
            else:
                del self._results[: len(batch)]
                for result in batch:
                    del self._unsettled[result.id]

    async def _renew(self, now: float) -> None:
        if self._unsettled and now >= self._renewal:
            self._renewal = now + RENEWAL
            await self._outbox.renew(list(self._unsettled))

    async def _quit_since(self, since: float) -> None:
        """Ends the connections that had no letter since then."""
        idle = [smarthost for used, smarthost in self._kept if used <= since]
        self._kept = [(used, smarthost) for used, smarthost in self._kept if used > since]
        await asyncio.gather(*(smarthost.quit() for smarthost in idle))
