from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

from mailflow.conversations.taking import take
from mailflow.doors.alarm import EVERY, Alarms
from mailflow.mail.envelope import Envelope
from mailflow.vitals import ALARMING, RETRY
from tests.doors.peers import sink
from tests.flow import SETTINGS, Flow


@contextmanager
def standing_still(folder: Path, alarm_server: object) -> Iterator[Flow]:
    """A mailflow with a mail of which nobody takes care."""
    named = f'postmaster = "ops@example.com"\nalarm_server = "{alarm_server}"'
    flow = Flow(folder, SETTINGS.replace('postmaster = "ops@example.com"', named))
    envelope = Envelope("a@b.test", ("dana@flow.test",), "127.0.0.1", "b.test", b"canary")
    flow.run(take, [envelope])
    flow.now += ALARMING + timedelta(seconds=30)
    flow.store.start()
    try:
        yield flow
    finally:
        flow.close()


async def test_the_operator_is_told_by_another_way_than_the_smarthost(tmp_path: Path) -> None:
    async with sink() as other:
        with standing_still(tmp_path, other.endpoint) as flow:
            alarms = Alarms(flow.store)
            assert await alarms.sound_due() == 1
            flow.now += RETRY
            assert await alarms.sound_due() == 0
    ((sender, recipients, octets),) = other.taken
    letter = message_from_bytes(octets)
    assert (sender, recipients) == ("<>", ["ops@example.com"])  # as aiosmtpd writes the null sender
    assert letter["Subject"] == "mailflow at flow.test stands still"
    assert "- mails to be worked on: 1, the oldest for 1 hour" in letter.get_payload()
    assert b"canary" not in octets


async def test_an_alarm_that_nobody_takes_comes_again(tmp_path: Path) -> None:
    async with sink() as other:
        server = other.endpoint
    with standing_still(tmp_path, server) as flow:
        alarms = Alarms(flow.store)
        assert await alarms.sound_due() == 1
        flow.now += RETRY
        assert await alarms.sound_due() == 1


async def test_the_queues_are_not_looked_at_all_the_time(tmp_path: Path) -> None:
    with standing_still(tmp_path, "127.0.0.1:1") as flow:
        alarms = Alarms(flow.store)
        assert [await alarms.sound_due() for _ in range(2)] == [1, 0]
        flow.now += EVERY - timedelta(seconds=1)
        assert await alarms.sound_due() == 0
