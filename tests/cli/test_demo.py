import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.cli.command import environment


def demo(folder: Path, *options: str) -> "subprocess.Popen[str]":
    """The demo, with its throw-away data below `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", "mailflow", "demo", *options],
        cwd=folder,
        env={**environment(), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_story_is_told_to_its_end(tmp_path: Path) -> None:
    process = demo(tmp_path, "--once")
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert out.count("mail to ") == 7
    assert out.index("/offer coaching") < out.index("1) ") < out.index("Booked: Coaching session")
    assert out.count("[invite.ics]") == 2
    assert "Now you" not in out, "what it would name is gone with it"
    assert list(tmp_path.iterdir()) == []


def test_it_stays_until_ctrl_c_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = demo(tmp_path)
    assert process.stdout is not None
    told = ""
    while "Ctrl-C ends it" not in told:
        line = process.stdout.readline()
        assert line, told
        told += line
    assert re.search(r"^  http://127\.0\.0\.1:\d+/dana/coaching$", told, re.MULTILINE)
    assert re.search(r"^  http://127\.0\.0\.1:\d+/slot/\S+$", told, re.MULTILINE)
    mails = re.search(r"^  (/\S+/mails)$", told, re.MULTILINE)
    assert mails
    names = sorted(path.name for path in Path(mails[1]).iterdir())
    assert names[0] == "01-relay-to-dana.eml"
    assert [name[3:] for name in names].count("booking-to-alex.eml") == 1
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=15)
    assert (process.returncode, errors) == (0, "")
    assert list(tmp_path.iterdir()) == []
