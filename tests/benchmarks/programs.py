"""What mailflow is measured with and against, each a process of its own: Debian's smtp-source and smtp-sink, a bare
aiosmtpd, a Postfix in a folder of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import Self

PATIENCE = 300.0
"""Seconds in which anything must have happened."""

_COUNTED = re.compile(rb"mesg=(\d+)\r")


@dataclass(frozen=True, slots=True)
class Flood:
    """Mails of so many octets each, handed in over so many connections that are kept."""

    mails: int
    connections: int
    to: str
    octets: int = 5_000

    def send(self, port: int) -> None:
        """Hand them in on a port of loopback; it returns when each was answered with 250."""
        command = [
            *("/usr/sbin/smtp-source", "-d", "-s", str(self.connections), "-m", str(self.mails)),
            *("-l", str(self.octets), "-f", "someone@client.test", "-t", self.to),
        ]
        subprocess.run([*command, f"inet:127.0.0.1:{port}"], check=True, timeout=PATIENCE)

    def per_second(self, port: int) -> float:
        """How many of them a server takes in a second."""
        began = time.perf_counter()
        self.send(port)
        return self.mails / (time.perf_counter() - began)


class Sink:
    """An smtp-sink: it takes everything, and counts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails = 0

    def __enter__(self) -> Self:
        as_whom = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = ["/usr/sbin/smtp-sink", *as_whom, "-c", f"inet:127.0.0.1:{self.port}", "100"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *trouble: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait_for(self, mails: int) -> None:
        """Return when it has so many mails, counted from its start."""
        assert self._process.stdout is not None
        end = time.monotonic() + PATIENCE
        while self.mails < mails:
            ready, _, _ = select([self._process.stdout], [], [], end - time.monotonic())
            assert ready, f"{self.mails} of {mails} mails came"
            told = os.read(self._process.stdout.fileno(), 65_536)
            self.mails = int(_COUNTED.findall(told)[-1])


@contextmanager
def bare_aiosmtpd() -> Iterator[tuple[int, int]]:
    """An aiosmtpd that keeps nothing: its process and its port."""
    command = [sys.executable, "-m", "tests.benchmarks.bare"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def cpu_seconds(pid: int) -> float:
    """What a process has computed so far."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")
