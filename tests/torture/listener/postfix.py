"""A Postfix of our own before the listener: private folders, loopback ports, and nothing of the system's."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PROGRAM = "/usr/sbin/postfix"
PATIENCE = 30.0  # seconds

_SERVICES = """
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


needed = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(PROGRAM, os.X_OK), reason="Postfix is missing, or no root"
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


class Postfix:
    """Relays everything for flow.example.com to a port, by `protocol`; `settings` go into its main.cf."""

    def __init__(self, folder: Path, protocol: str, port: int, settings: str = "") -> None:
        self.port = free_port()
        self._folder = folder
        self._configuration = folder / "conf"
        owner = pwd.getpwnam("postfix")
        for name in ("conf", "queue", "queue/private", "data"):
            (folder / name).mkdir()
        for name in ("queue/private", "data"):
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        (self._configuration / "main.cf").write_text(
            f"""
compatibility_level = 3.6
config_directory = {self._configuration}
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = border.example.net
mydestination =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_address_preference = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
mynetworks = 127.0.0.0/8
relay_domains = flow.example.com
relay_transport = {protocol}:inet:[127.0.0.1]:{port}
default_transport = discard
smtpd_relay_restrictions = permit_auth_destination, reject
smtpd_forbid_bare_newline = normalize
smtpd_forbid_bare_newline_exclusions =
smtpd_error_sleep_time = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
{settings}
""".replace("smtp:inet:", "smtp:")
        )
        (self._configuration / "master.cf").write_text(
            f"127.0.0.1:{self.port} inet n - n - - smtpd\n{_SERVICES}"
        )

    def start(self) -> None:
        self._run("start")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.05)
        raise AssertionError(f"Postfix does not answer:\n{self.log()}")

    def stop(self) -> None:
        """Ends its master process, and all its children with it."""
        master = int((self._folder / "queue/pid/master.pid").read_text())
        os.kill(master, signal.SIGTERM)
        end = time.monotonic() + PATIENCE
        while Path(f"/proc/{master}").exists() and time.monotonic() < end:
            time.sleep(0.02)

    def is_idle(self) -> bool:
        """Whether nothing is in its queue."""
        return not any(
            path.is_file()
            for name in ("maildrop", "incoming", "active", "deferred")
            for path in (self._folder / "queue" / name).rglob("*")
        )

    async def deliver_all(self) -> None:
        """Waits until it has handed on all that it took."""
        end = time.monotonic() + PATIENCE
        while not self.is_idle():
            assert time.monotonic() < end, self.log()
            # What it met while its own deferral was being written down waits for five minutes.
            await asyncio.to_thread(self._run, "flush")
            await asyncio.sleep(0.5)

    def log(self) -> str:
        file = self._folder / "log"
        return file.read_text() if file.exists() else ""

    def _run(self, *words: str) -> None:
        done = subprocess.run(
            [PROGRAM, "-c", str(self._configuration), *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr + self.log()


@contextlib.contextmanager
def before(protocol: str, port: int, settings: str = "") -> Iterator[Postfix]:
    """A running Postfix that relays to a port."""
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)  # its users pass through
    postfix = Postfix(folder, protocol, port, settings)
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()
        shutil.rmtree(folder)
