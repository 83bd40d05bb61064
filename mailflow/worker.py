"""Works the queues: mails that were taken, reminders that are due, copies that go out, calendars, alarms."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from mailflow.appointments.confirming import lapse_due
from mailflow.appointments.reminders import send_due
from mailflow.appointments.shifting import shifted, tell_shifted
from mailflow.conversations.arrival import Arrival
from mailflow.conversations.receive import receive, receive_all
from mailflow.conversations.taking import LEASE, TRIES, Job, renew, set_aside, take_up
from mailflow.doors.alarm import Alarms
from mailflow.doors.calendars import Calendars
from mailflow.doors.decisions import Decisions
from mailflow.doors.delivery import Delivery
from mailflow.doors.readers import Readers
from mailflow.doors.spooling import read_job, spooled
from mailflow.errors import (
    BodyUnmade,
    CalendarsUnread,
    HeldMailUnread,
    LetterUnread,
    ReaderLost,
    Unreadable,
)
from mailflow.journal import log
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from mailflow.mail.outgoing import Letter, Result
from mailflow.mail.reading import Mail
from mailflow.post import outbox
from mailflow.post.digests import send_digests
from mailflow.store import DatabaseTrouble, Store
from mailflow.store.states import Taken

R = TypeVar("R")

PULSE = 1.0
"""Seconds after which the queues are looked at without being woken: commands of other processes write rows too."""

GRACE = 5.0
"""Seconds that what is under way has to finish when mailflow stops."""

AT_ONCE = 16
"""Mails that are worked on at one time: each may wait for somebody's name server."""

RENEWED = LEASE.total_seconds() / 3
"""Seconds after which other processes hear that the mails which are worked on still are."""

Judge = Callable[[Envelope, Mail], Verdict]
"""How sure it is that a mail is from its From; it may take some seconds."""


class Worker:
    """The loops that go on while mailflow serves; each sleeps for a pulse, or until a commit makes work for it."""

    def __init__(
        self,
        store: Store,
        delivery: Delivery,
        calendars: Calendars,
        readers: Readers,
        judge: Judge,
    ) -> None:
        self._store = store
        self._alarms = Alarms(store)
        self._delivery = delivery
        self._calendars = calendars
        self._readers = readers
        self._decisions = Decisions(store, readers, calendars)
        self._judge = judge
        self._judges = ThreadPoolExecutor(AT_ONCE, "judge")
        self._by_commits: list[asyncio.Event] = []
        self._by_letters: list[asyncio.Event] = []
        self._by_time: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._mails: dict[int, asyncio.Task[Any]] = {}
        """Those that are under way, by their numbers: each is read, then received."""
        self._readings: dict[str, asyncio.Task[Arrival]] = {}
        """Of each sender's mails under way the last one's."""
        self._stopping = False

    def start(self) -> None:
        """Begin to work; from now on each commit of the store wakes those whose work it may have made."""
        loop = asyncio.get_running_loop()
        wake = partial(_wake, self._by_commits)
        self._store.committed = partial(loop.call_soon_threadsafe, wake)
        self._delivery.ended = partial(_wake, self._by_letters)
        made = (self._work_on_mails, self._calendars.write_due)
        # To look whether it is time already takes a transaction each: that is not done at every commit.
        timed = (
            self._remind,
            self._let_lapse,
            self._send_digests,
            self._calendars.refresh_due,
            self._alarms.sound_due,
        )
        loops = [self._repeat(step, self._by_commits) for step in made]
        loops += [self._repeat(step, self._by_time) for step in timed]
        loops += [self._repeat(self._delivery.deliver_due, self._by_commits, self._by_letters)]
        self._tasks = [asyncio.create_task(loop) for loop in (*loops, self._tell_shifted())]
        self._alive = asyncio.create_task(self._renew())

    async def stop(self) -> None:
        """End each loop after its present step; one that takes too long is taken up at the next start."""
        self._stopping = True
        _wake([*self._by_commits, *self._by_time])
        end = asyncio.get_running_loop().time() + GRACE
        await _finish(self._tasks, end)
        await _finish(self._mails.values(), end)
        self._alive.cancel()
        await self._delivery.stop(GRACE)
        self._judges.shutdown(wait=False, cancel_futures=True)

    async def _repeat(
        self, step: Callable[[], Awaitable[int]], *wakers: list[asyncio.Event]
    ) -> None:
        """Do a step as long as it finds something, then wait; a failure is logged, and tried again after a pulse."""
        waker = asyncio.Event()
        for wakes in wakers:
            wakes.append(waker)
        while not self._stopping:
            waker.clear()
            try:
                if await step():
                    continue
            except Exception as error:
                log.error("queue.failed", error=error)
                await asyncio.sleep(PULSE)
            try:
                await asyncio.wait_for(waker.wait(), PULSE)
            except TimeoutError:
                continue

    async def _tell_shifted(self) -> None:
        """Once at the start: what zones are like does not change in a process. Mostly nothing is to be written."""
        while not self._stopping:
            found = await persist(partial(self._store.read, shifted))
            if not found:
                return
            await persist(partial(self._store.run, tell_shifted))

    async def _work_on_mails(self) -> int:
        """Take up as many mails as may be under way, each to be read and received beside the others."""
        await self._readers.ready()
        while len(self._mails) >= AT_ONCE:
            await asyncio.wait(self._mails.values(), return_when=asyncio.FIRST_COMPLETED)
        room = AT_ONCE - len(self._mails)
        jobs = await self._store.claim(take_up, room, tuple(self._mails))
        for job in jobs:
            sender = job.taken.sender
            reading = asyncio.create_task(self._read(job, self._readings.get(sender)))
            if sender:
                self._readings[sender] = reading
            self._mails[job.taken.id] = asyncio.create_task(self._work_on(job, reading))
        if jobs and jobs[-1].is_last:
            await asyncio.gather(*self._mails.values())
        return len(jobs)

    async def _renew(self) -> None:
        """Keep what was taken up from other processes, however long it takes."""
        while True:
            await asyncio.sleep(RENEWED)
            try:
                if self._mails:
                    await self._store.run(renew)
            except DatabaseTrouble as error:
                log.error("mails.not_renewed", error=error)

    async def _read(self, job: Job, before: asyncio.Task[Arrival] | None) -> Arrival:
        """Read and judge a mail; it has come when the sender's mail `before` it has, so that they stay in their order.

        Those of others are not waited for: whose name server is slow holds up nobody else.
        """
        try:
            mail = await persist(partial(read_job, self._store, self._readers, job))
            loop = asyncio.get_running_loop()
            verdict = await loop.run_in_executor(self._judges, self._judge, job.envelope, mail)
        finally:
            if before is not None:
                await asyncio.wait([before])
        return job.arrival(mail, verdict)

    async def _work_on(self, job: Job, reading: asyncio.Task[Arrival]) -> None:
        ident, sender = job.taken.id, job.taken.sender
        try:
            await persist(partial(self._receive, await reading))
        except Unreadable as error:
            await self._set_aside(job, Taken.HELD, error.reason)
        except ReaderLost as error:
            log.error("reader.lost", mail=ident, attempts=job.taken.attempts, reason=error.reason)
            await self._park_after_all_tries(job, error.reason)
        except Exception as error:
            log.error("mail.failed", mail=ident, attempts=job.taken.attempts, error=error)
            await self._park_after_all_tries(job, type(error).__name__)
        finally:
            del self._mails[ident]
            if self._readings.get(sender) is reading:
                del self._readings[sender]

    async def _receive(self, arrival: Arrival) -> None:
        """Together with those that wait for it too; alone, where something is to be read or made before."""
        try:
            await self._store.run_joined(receive_all, arrival)
        except (CalendarsUnread, HeldMailUnread, BodyUnmade):
            await self._decisions.run(receive, arrival)

    async def _park_after_all_tries(self, job: Job, reason: str) -> None:
        if job.taken.attempts >= TRIES:
            await self._set_aside(job, Taken.PARKED, f"failed {TRIES} times: {reason}")

    async def _set_aside(self, job: Job, state: Taken, reason: str) -> None:
        await persist(partial(self._store.run, set_aside, job.taken.id, state, reason))

    async def _remind(self) -> int:
        return await self._store.run(send_due)

    async def _let_lapse(self) -> int:
        return await self._store.run(lapse_due)

    async def _send_digests(self) -> int:
        return await self._store.run(send_digests)


class StoredOutbox:
    """The queue of copies in the database, as the delivery sees it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(
        self, limit: int, *, for_one_domain: int, under_way: Collection[str]
    ) -> list[Letter]:
        return await self._store.claim(
            outbox.claim, limit, for_one_domain=for_one_domain, under_way=under_way
        )

    @asynccontextmanager
    async def whole(self, letter: Letter) -> AsyncIterator[Letter]:
        if not letter.rest:
            yield letter
            return
        async with AsyncExitStack() as stack:
            try:
                message = await stack.enter_async_context(
                    spooled(self._store, letter.rest, bytes(letter.message))
                )
            except (OSError, DatabaseTrouble) as error:
                raise LetterUnread from error
            yield replace(letter, message=message, rest="")

    async def renew(self, numbers: Collection[int]) -> None:
        await self._store.run(outbox.renew, numbers)

    async def settle(self, results: Sequence[Result]) -> None:
        await self._store.run(outbox.settle, results)


def _wake(wakers: Iterable[asyncio.Event]) -> None:
    for waker in wakers:
        waker.set()


async def _finish(tasks: Collection[asyncio.Task[Any]], end: float) -> None:
    """Let tasks come to their end until that instant of the event loop's clock, then cancel them."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=end - asyncio.get_running_loop().time())
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def persist(work: Callable[[], Awaitable[R]]) -> R:
    """What `work` comes to, begun anew while database or disk are in trouble: no mail is to blame for a full one."""
    while True:
        try:
            return await work()
        except (DatabaseTrouble, OSError) as error:
            log.error("database.trouble", error=error)
            await asyncio.sleep(PULSE)
