"""What mailflow is measured with and against, each a process of its own: Debian's smtp-source and smtp-sink, a bare
aiosmtpd, a Postfix in a folder of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 300.0
"""Seconds in which anything must have happened."""


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


@contextmanager
def sink(port: int, mails: int) -> Iterator[subprocess.Popen[bytes]]:
    """An smtp-sink, which ends when it has so many mails."""
    command = ["/usr/sbin/smtp-sink", "-M", str(mails), f"inet:127.0.0.1:{port}", "100"]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


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
