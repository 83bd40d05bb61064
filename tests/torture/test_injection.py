"""Nothing that a stranger writes becomes a header field, a command, a calendar's property, an element or code."""

import ast
import json
import re
import smtplib
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import mailflow
from tests.conftest import Count, Figure
from tests.end_to_end.world import PATIENCE, World, eventually
from tests.flow import Flow
from tests.injections import EVIL, differences, first_mail, flat, told

ROOT = Path(mailflow.__file__).parent.parent
PIECES = st.one_of(
    st.text(max_size=20), st.sampled_from(EVIL), st.sampled_from("\r\n\0\x1b\u2028=?:;,<>@")
)


def test_the_worst_of_them_change_nothing_in_what_goes_out() -> None:
    assert differences(EVIL) == []


def test_no_text_changes_anything_in_what_goes_out(count: Count, figure: Figure) -> None:
    number = count(8, 1_000)

    @settings(max_examples=number)
    @given(st.lists(PIECES, max_size=4).map("".join))
    @example("<:")
    def changes_nothing(evil: str) -> None:
        # Without a letter there would be no Subject at all.
        assert differences([f"x{evil}"]) == []

    changes_nothing()
    figure(f"of {number} stories with hostile words in every field, told otherwise", 0)


def test_nor_where_assertions_are_left_out(count: Count) -> None:
    done = subprocess.run(
        [sys.executable, "-O", "-m", "tests.injections", str(count(3, 1))],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_nothing_that_comes_in_is_guarded_by_an_assertion() -> None:
    files = sorted((ROOT / "mailflow").rglob("*.py"))
    trees = {file: ast.parse(file.read_text("utf-8")) for file in files}
    found = [
        f"{file}:{node.lineno}"
        for file, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert len(files) > 100
    assert found == []


def test_code_comes_out_as_it_was_written(flow: Flow) -> None:
    code = "{{7*7}}{% if x %}{# y #}"
    sent = told(flow, code)
    relayed = [copy for copy in sent if copy["Mailflow-Kind"] == "relay"]
    assert all(code in copy.text for copy in relayed)
    assert not any(re.search(r"\b49\b", copy.text) for copy in sent)


@pytest.mark.parametrize("optimised", ["", "1"])
def test_what_is_said_at_the_doors_gets_no_further(
    tmp_path: Path, optimised: str, count: Count
) -> None:
    """Neither into the journal, as lines or as facts of its own, nor into an answer, nor out to the smarthost."""
    world = World(tmp_path)
    try:
        with (tmp_path / "journal").open("wb") as world.stderr:
            world.start(PYTHONOPTIMIZE=optimised)
        heads = [head for evil in EVIL[:: count(3, 1)] for head in at_the_doors(world, evil)]
        eventually(lambda: world.read("queue") == [])
        assert world.end() == 0
    finally:
        world.close()
    assert {head[:12] for head in heads} <= {b"HTTP/1.1 200", b"HTTP/1.1 400", b"HTTP/1.1 404"}
    assert not any(b"evil" in head for head in heads)
    assert {copy.recipient for copy in world.boxes.mails} == {"dana@coach.test"}
    journal = (tmp_path / "journal").read_text()
    assert "evil" not in journal
    assert journal.isascii()
    for line in map(json.loads, journal.splitlines()):
        assert FACTS.issuperset(line), line


FACTS = {
    *("at", "level", "event", "roles", "mail", "octets", "recipients", "host", "rule"),
    *("letter", "attempts", "code", "reason"),
}
FIELDS = (
    *("X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "User-Agent", "Referer", "Cookie"),
    *("Accept-Language", "X-Request-Id"),
)


def at_the_doors(world: World, evil: str) -> Iterator[bytes]:
    """Words with which a peer names itself, its senders and recipients; and the heads of answers to a browser."""
    octets = evil.encode("utf-8", "surrogatepass")
    with socket.create_connection(("127.0.0.1", world.smtp), PATIENCE) as peer, suppress(OSError):
        for line in (octets, flat(evil)):
            peer.sendall(b"EHLO " + line + b"\r\nMAIL FROM:<" + line + b"@x.test>\r\n")
            peer.sendall(b"MAIL FROM:<a@x.test>\r\nRCPT TO:<" + line + b"@flow.test>\r\nRSET\r\n")
    with smtplib.SMTP("127.0.0.1", world.smtp, timeout=PATIENCE) as client:
        client.ehlo("client.test")
        with suppress(smtplib.SMTPResponseException):
            client.sendmail("joe@client.test", ["dana@flow.test"], first_mail(evil))
    for value in (octets, flat(evil)[:4_000]):
        for path in (b"/dana", b"/slot/" + value, b"/dana/quick?zone=" + value):
            yield _head(world.http, path, value)


def _head(port: int, path: bytes, value: bytes) -> bytes:
    lines = [name.encode() + b": " + value for name in FIELDS]
    request = [b"GET " + path + b" HTTP/1.1", b"Host: flow.test", b"Connection: close", *lines]
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as browser:
        browser.sendall(b"\r\n".join([*request, b"", b""]))
        return b"".join(iter(lambda: browser.recv(65_536), b"")).partition(b"\r\n\r\n")[0]
