"""mailflow started again and again: one process imports everything, and forks each mailflow that serves.

A start costs a tenth of what it costs the first time, so that hundreds of them can be ended in any way.
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mailflow.cli import main
from tests.end_to_end.world import PATIENCE, World
from tests.flow import SETTINGS
from tests.torture.disk import Disk

ROOT = Path(__file__).parents[2]


class ForkedWorld(World):
    """A world whose mailflow lies on a `disk` that obeys the test; `module` is what forks it."""

    def __init__(
        self,
        folder: Path,
        settings: str = SETTINGS,
        *,
        traced: bool = False,
        module: str = "tests.torture.forking",
    ) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder, settings)
        self.data = folder / "data"
        self.disk = Disk(folder, self.data)
        with (folder / "stderr").open("ab") as stderr:
            self._parent = subprocess.Popen(
                [sys.executable, "-m", module, str(self.config)],
                cwd=ROOT,
                env={**os.environ, **self.disk.environment(traced=traced)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
            )
        self._pid = 0
        self._code: int | None = None

    @property
    def errors(self) -> list[str]:
        """What all of them wrote to stderr."""
        return (self.folder / "stderr").read_text().splitlines()

    def start(self, **environment: str) -> None:
        assert self._parent.stdin is not None
        self._code = None
        self._parent.stdin.write(json.dumps(environment).encode() + b"\n")
        self._pid = int(self._next().removeprefix("pid "))
        ready = self._next()
        ports = re.fullmatch(r"ready smtp=127\.0\.0\.1:(\d+) http=127\.0\.0\.1:(\d+)", ready)
        assert ports, ready
        self.smtp, self.http = int(ports[1]), int(ports[2])

    def has_ended(self, within: float) -> bool:
        """Whether it ends by itself in that many seconds."""
        if self._code is None and self._says_something(within):
            self._next()
        return self._code is not None

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self._code is None:
            with suppress(ProcessLookupError):  # it ended by itself just now
                os.kill(self._pid, how)
        assert self.has_ended(PATIENCE)
        assert self._code is not None
        return self._code

    def close(self) -> None:
        self.disk.mend()
        if self._pid and self._code is None:
            self.end(signal.SIGKILL)
        for pipe in (self._parent.stdin, self._parent.stdout):
            if pipe:
                pipe.close()
        self._parent.wait(PATIENCE)
        self.boxes.close()

    def _next(self) -> str:
        """The next line of whoever writes; the last one of each mailflow is how it ended."""
        assert self._says_something(PATIENCE)
        assert self._parent.stdout is not None
        line = self._parent.stdout.readline().decode().strip()
        if line.startswith("ended "):
            self._code = int(line.removeprefix("ended "))
        return line

    def _says_something(self, within: float) -> bool:
        assert self._parent.stdout is not None
        return bool(select.select([self._parent.stdout], [], [], within)[0])


def fork_on_demand(serve: Callable[[], None]) -> None:
    """Fork a process that serves for each line that comes in: the environment that it adds to ours."""
    while line := sys.stdin.readline():
        if not os.fork():
            os.environ.update(json.loads(line))
            print("pid", os.getpid(), flush=True)  # noqa: T201 -- the test reads it
            serve()
            sys.exit()
        print("ended", os.waitstatus_to_exitcode(os.wait()[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.argv[1:] = ["--config", sys.argv[1], "serve"]
    fork_on_demand(main)
