"""All that we make goes out to a smarthost of the plainest kind: 7 bits, CRLF, lines of 998 octets."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from mailflow.mail.outgoing import Outcome
from tests.conftest import Count, Figure
from tests.flow import Flow, Sent
from tests.hostile_mails import hostile_mails, parts
from tests.injections import EVIL, told
from tests.recorder import delivered
from tests.torture.test_hostile_mails import work_on

TESTS = Path(__file__).parents[1]

LONE_CR = re.compile(rb"\r(?!\n)")
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
LONG_LINE = re.compile(rb"[^\r\n]{999}")

EIGHT_BITS = "Grüße, 你好 \U0001f600\r\n".encode()
SEALED = (
    b"From: joe@client.test\r\nTo: dana@flow.test\r\n"
    b'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=s\r\n\r\n'
    b"--s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + EIGHT_BITS + b"--s\r\n"
    b"Content-Type: application/pgp-signature\r\n\r\nx\r\n--s--\r\n"
)


def foreign_mails() -> Iterator[bytes]:
    """Hostile ones, and such as are of 8 bits wherever a mail can be; as far as the listener takes them."""
    head = b"From: J\xf6 <joe@client.test>\r\nTo: dana@flow.test\r\nSubject: \xc3\xa4\r\n"
    for kind in (
        b"text/plain",
        b"text/html",
        b"application/x",
        b"message/rfc822",
        b"text/calendar",
    ):
        for content in (EIGHT_BITS * 50, EIGHT_BITS.replace(b"\r\n", b"\n"), b"\xff" * 5_000):
            yield head + b"Content-Type: " + kind + b"\r\n\r\n" + content + b"\r\n"
            part = b"Content-Type: " + kind + b"; name=\xff\r\nX-\xff: \xff\r\n\r\n" + content
            yield head + parts([part, b"\r\n" + content])
    yield SEALED
    for raw in hostile_mails().values():
        if len(raw) < 1_000_000 and b"\0" not in raw and not LONE_CR.search(raw):
            yield raw.removesuffix(b"\r\n") + b"\r\n"


def told_in(folder: Path, evil: str) -> list[Sent]:
    folder.mkdir()
    with closing(Flow(folder)) as flow:
        return told(flow, evil)


@pytest.fixture
def sent(tmp_path: Path, count: Count) -> list[Sent]:
    """Our own mails of every kind, and copies of mails of every kind."""
    stories = EVIL[:: count(9, 1)]
    found = [one for n, evil in enumerate(stories) for one in told_in(tmp_path / str(n), evil)]
    with closing(Flow(tmp_path)) as flow:
        for raw in list(foreign_mails())[:: count(5, 1)]:
            work_on(flow, raw, "dana@flow.test")
            found += flow.sent()
    return found


async def test_what_is_not_of_7_bits_leaves_only_where_8_are_offered(
    sent: list[Sent], figure: Figure
) -> None:
    peer, results = await delivered(sent)
    assert len(sent) > 60
    assert [one for one in peer.contents if not one.isascii()] == []
    kept = [copy for copy, one in zip(sent, results, strict=True) if one.outcome is Outcome.REFUSED]
    assert peer.contents == [copy.raw for copy in sent if copy not in kept]
    # Signed, coded in a way of its own, or in a header of MIME: there nothing can be encoded.
    assert {copy["Mailflow-Kind"] for copy in kept} == {"relay"}
    figure(f"of {len(sent)} mails, kept back from a smarthost that takes 7 bits alone", len(kept))
    peer, results = await delivered(sent, b"8BITMIME")
    assert {one.outcome for one in results} == {Outcome.SENT}
    assert peer.contents == [copy.raw for copy in sent]
    check_lines(peer.contents)


def test_mails_as_they_stand_in_golden_files_are_of_7_bits() -> None:
    golden = [file.read_bytes() for file in TESTS.rglob("golden/*.eml")]
    assert len(golden) > 10
    assert [one for one in golden if not one.isascii()] == []
    check_lines(golden)


def check_lines(mails: Sequence[bytes]) -> None:
    """No bare CR or LF, and no line of over 998 octets."""
    for one in mails:
        assert not BARE.search(one)
        assert not LONG_LINE.search(one)
