import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.command import done, environment, mailflow, read
from tests.flow import SETTINGS, Flow

PORTS = '[listener]\naddress = "127.0.0.1:{}"\n[web]\nlisten = "127.0.0.1:0"\n[[hosts]]'


def furnish(folder: Path, port: int) -> None:
    Flow(folder, SETTINGS.replace("[[hosts]]", PORTS.format(port), 1)).close()


@contextmanager
def serving(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """A mailflow that serves, and its SMTP port."""
    furnish(folder, 0)
    process = subprocess.Popen(
        [sys.executable, "-m", "mailflow", "--config", str(folder / "config.toml"), "serve"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        ready = re.fullmatch(r"ready smtp=127\.0\.0\.1:(\d+) http=127\.0\.0\.1:\d+\n", line)
        assert ready, line
        yield process, int(ready[1])
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_ends_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    with serving(tmp_path) as (process, _):
        process.send_signal(stop)
        out, errors = process.communicate(timeout=15)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in errors


def test_it_takes_up_what_comes_and_what_commands_write(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, port):
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
            mail = "From: ann@client.test\r\nTo: dana@flow.test\r\nSubject: Hi\r\n\r\nHello\r\n"
            smtp.sendmail("ann@client.test", "dana@flow.test", mail)
        done(tmp_path, "send", "dana", "--to", "bob@client.test", "--subject", "Yo", "--text", "Hi")
        time.sleep(2)
        tried = [copy["recipient"] for copy in read(tmp_path, "queue") if copy["attempts"]]
    assert sorted(tried) == ["bob@client.test", "dana@coach.test"]
    assert len(read(tmp_path, "conversations")) == 2


def test_a_template_that_is_broken_is_said_before_any_mail_comes(tmp_path: Path) -> None:
    furnish(tmp_path, 0)
    own = tmp_path / "data" / "templates" / "mail" / "offer.txt"
    own.parent.mkdir(parents=True)
    own.write_text("{{ nope")
    result = mailflow(tmp_path, "serve")
    (line,) = result.stderr.splitlines()
    assert (result.returncode, result.stdout) == (1, "")
    assert line.startswith(f"{own}:1: ")


def test_a_port_in_use_is_said_in_a_line(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, port):
        furnish(tmp_path, port)
        result = mailflow(tmp_path, "serve")
    (line,) = result.stderr.splitlines()
    assert (result.returncode, result.stdout) == (1, "")
    assert "address already in use" in line
