"""Clients that others wrote, before a mailflow as it is started: swaks, and Postfix's smtp-source."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doors.peers import Certificate
from tests.end_to_end.world import PATIENCE, World, eventually
from tests.flow import Sent

SWAKS = shutil.which("swaks")
SOURCE = shutil.which("smtp-source", path="/usr/sbin:/usr/bin")

MAILS = 200
CLIENT, FRONT_DOOR, HOST = "joe@client.test", "dana@flow.test", "dana@coach.test"
WAYS = {
    "whole": [],
    "ahead of answers": ["--pipeline"],
    "over TLS": ["--tls"],
    "over TLS ahead of answers": ["--tls", "--pipeline"],
}
"""To send a mail, by its subject."""

TLS_FAILED = 29
"""An exit code of swaks."""


class Served:
    """A mailflow that speaks one protocol, with a certificate."""

    def __init__(self, folder: Path, protocol: str) -> None:
        self.protocol = protocol
        self.folder = folder
        self.certificate = Certificate.make(folder)
        self.world = World(folder)
        self.world.start(
            MAILFLOW_LISTENER__PROTOCOL=protocol,
            MAILFLOW_LISTENER__TLS_CERTIFICATE=str(self.certificate.path),
            MAILFLOW_LISTENER__TLS_KEY=str(self.certificate.key),
        )

    def swaks(self, *words: str, trusted: Path | None = None) -> int:
        """The exit code, zero where the mail was taken."""
        return subprocess.run(
            [
                *(str(SWAKS), "--server", "127.0.0.1", "--port", str(self.world.smtp)),
                *("--protocol", "LMTP" if self.protocol == "lmtp" else "ESMTP"),
                *("--from", CLIENT, "--to", FRONT_DOOR, "--helo", "client.test"),
                *("--tls-verify", "--tls-ca-path", str(trusted or self.certificate.path)),
                *words,
            ],
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=PATIENCE,
        ).returncode

    def conversations(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.world.command("export", "--json").splitlines()]

    def copies(self, subject: str, number: int) -> list[Sent]:
        """The host's copies of mails with a subject, once there are so many."""

        def look() -> list[Sent] | None:
            found = [one for one in self.world.boxes.of(HOST) if one["Subject"] == subject]
            return found if len(found) >= number else None

        return eventually(look, 2 * PATIENCE)


@pytest.fixture(scope="module", params=["smtp", "lmtp"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp(request.param), request.param)
    try:
        yield made
    finally:
        made.world.close()


@pytest.mark.skipif(SWAKS is None, reason="there is no swaks here")
def test_swaks(served: Served) -> None:
    attached = served.folder / "attached.pdf"
    attached.write_bytes(bytes(range(256)) * 400)
    for subject, words in WAYS.items():
        mail = ["--header", f"Subject: {subject}", "--body", "Hello\n.\nfrom swaks"]
        mail += ["--attach-type", "application/pdf", "--attach", f"@{attached}"]
        assert served.swaks(*words, *mail) == 0

    for subject in WAYS:
        [copy] = served.copies(subject, 1)
        [part] = copy.message.iter_attachments()
        assert part.get_content() == attached.read_bytes()
    found = {one["subject"]: one["messages"] for one in served.conversations()}
    for subject in WAYS:
        [message] = found[subject]
        assert message["text"].split("\n")[:3] == ["Hello", ".", "from swaks"]


@pytest.mark.skipif(SWAKS is None, reason="there is no swaks here")
def test_a_renewed_certificate_is_shown_while_it_serves(served: Served) -> None:
    old = served.folder / "old.pem"
    shutil.copy(served.certificate.path, old)
    begin = ["--tls", "--quit-after", "TLS"]
    assert served.swaks(*begin, trusted=old) == 0

    Certificate.make(served.folder)

    assert served.swaks(*begin, trusted=old) == TLS_FAILED
    assert served.swaks(*begin) == 0


@pytest.mark.skipif(SOURCE is None, reason="there is no smtp-source here")
def test_smtp_source(served: Served) -> None:
    protocol = ["-L"] if served.protocol == "lmtp" else []
    mails = ["-s", "10", "-m", str(MAILS), "-l", "5000", "-f", CLIENT, "-t", FRONT_DOOR]
    subprocess.run(
        [str(SOURCE), *protocol, *mails, "-S", "A flood", f"127.0.0.1:{served.world.smtp}"],
        check=True,
        timeout=PATIENCE,
    )

    copies = served.copies("A flood", MAILS)
    found = [one["messages"] for one in served.conversations() if one["subject"] == "A flood"]
    messages = sorted(message["message_id"] for [message] in found)
    assert len(set(messages)) == MAILS
    assert sorted(copy["Message-ID"].strip("<>") for copy in copies) == messages
