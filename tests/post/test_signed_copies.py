"""Where a key is configured, what leaves the house is signed: these bytes, at every try."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import dkim
import pytest

from mailflow.appointments.announcing import tell_again
from mailflow.mail.outgoing import Outcome, Result
from mailflow.mail.wire.signing import Signer
from mailflow.post import outbox
from mailflow.store import open_store
from mailflow.store.tables import Attendee, Booking
from mailflow.store.unit import Unit
from tests.conftest import Figure
from tests.doors.authentication.domains import RSA
from tests.flow import Flow, Sent

SIGNER = Signer.read("flow.test", "one", RSA)
RECORD = "".join(SIGNER.record.split('"')[1::2]).encode()
JOE, DANA = "Joe Client <joe@client.test>", "Dana Coach <dana@coach.test>"


@pytest.fixture
def signing(tmp_path: Path) -> Iterator[Flow]:
    """A mailflow that signs; in a past year, since no signature of the future is believed."""
    flow = Flow(tmp_path)
    flow.store.close()
    flow.now = datetime(2024, 11, 25, 9, tzinfo=UTC)
    flow.store = open_store(replace(flow.house, signer=SIGNER))
    yield flow
    flow.close()


def passes(raw: bytes) -> bool:
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout: RECORD))


def booked(flow: Flow) -> list[list[Sent]]:
    """What goes out from a first mail to a booking, step by step."""
    asked = flow.mail(JOE, "dana@flow.test", "Can we meet, \xe4hem?")
    offered = flow.reply(DANA, asked[0], "Gladly.\n/offer coaching")
    (offer,) = [one for one in offered if one.recipient == "joe@client.test"]
    return [asked, offered, flow.reply(JOE, offer, "2")]


def test_whatever_goes_out_is_signed(signing: Flow) -> None:
    for sent in booked(signing):
        assert sent
        for one in sent:
            assert one.raw.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")
            assert passes(one.raw)
            assert not passes(one.raw.replace(b"Subject: ", b"Subject: Re: ", 1))


def test_a_later_try_has_the_same_signature(signing: Flow) -> None:
    signing.sent = list  # type: ignore[method-assign]
    signing.mail(JOE, "dana@flow.test", "Can we meet?")
    (first,) = signing.run(outbox.claim, 10)
    signing.run(outbox.settle, [Result(first.id, Outcome.UNKNOWN, "no answer")])
    signing.wait(hours=1)
    (second,) = signing.run(outbox.claim, 10)
    assert second.message == first.message
    assert passes(bytes(second.message))


def test_what_a_signed_confirmation_takes(signing: Flow, figure: Figure) -> None:
    """One copy: text, HTML, invite, MIME, signature and its row; the least of some rounds, the machine may be busy."""
    booked(signing)

    def confirm_again(unit: Unit) -> float:
        (booking,) = unit.db.all(Booking)
        attendee = unit.db.all(Attendee)[-1]
        begin = process_time()
        for _ in range(5):
            tell_again(unit, booking, attendee)
        return (process_time() - begin) / 5

    least = min(signing.run(confirm_again) for _ in range(10))
    figure("one signed confirmation, built and queued, CPU ms", round(least * 1000, 2))
    assert least < 0.05
