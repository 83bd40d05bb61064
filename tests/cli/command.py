"""The command as a process of its own, as people and programs run it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from mailflow.cli.app import app
from tests.flow import START

ROOT = Path(__file__).parents[2]
NOW = START.isoformat()


def environment() -> dict[str, str]:
    """Ours without anybody's settings, at the time of the scenarios."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("MAILFLOW_")}
    return {**clean, "MAILFLOW_NOW": NOW, "PYTHONPATH": str(ROOT), "COLUMNS": "40"}


def mailflow(folder: Path, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run a command with the configuration in `folder`."""
    config = str(folder / "config.toml")
    return subprocess.run(
        [sys.executable, "-m", "mailflow", "--config", config, *arguments],
        cwd=folder,
        env=environment(),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_here(folder: Path, *arguments: str) -> Result:
    """As `mailflow`, within this process: quicker, for what no process is needed to show."""
    config = str(folder / "config.toml")
    return CliRunner().invoke(app, ["--config", config, *arguments], env={"MAILFLOW_NOW": NOW})


def done(folder: Path, *arguments: str) -> str:
    """What a command prints that does what it should."""
    result = mailflow(folder, *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def read(folder: Path, *arguments: str) -> Any:
    """The JSON document that a command prints, and nothing beside it."""
    result = run_here(folder, *arguments, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def refused(folder: Path, *arguments: str) -> str:
    """The one line of a command that fails."""
    result = mailflow(folder, *arguments)
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    return line
