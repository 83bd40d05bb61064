"""`prune`, as an operator types it."""

from pathlib import Path

from tests.cli.command import done, mailflow, read, refused
from tests.flow import Flow


def test_what_is_old_is_counted_then_goes(tmp_path: Path) -> None:
    flow, house = Flow(tmp_path), tmp_path
    for days, text in ((-400, "Long ago."), (400, "Just now.")):
        flow.wait(days=days)
        flow.mail("joe@client.test", "dana@flow.test", text)
    flow.close()
    would = read(house, "prune", "--older-than", "365d", "--dry-run")
    assert (would["conversations"], would["messages"], would["mails"]) == (1, 1, 1)
    assert len(read(house, "conversations")) == 2
    assert done(house, "prune", "--older-than", "365d", "--host", "erik").startswith("gone: 0 conv")
    assert done(house, "prune", "--older-than", "365d", "--host", "Dana").startswith("gone: 1 conv")
    assert len(read(house, "conversations")) == 1
    assert read(house, "prune", "--older-than", "365d")["conversations"] == 0


def test_an_age_is_a_day_at_least_and_has_to_be_said(house: Path) -> None:
    for wrong in (["--older-than", "23h"], ["--older-than", "soon"], []):
        assert mailflow(house, "prune", *wrong).returncode == 2
    assert "nobody" in refused(house, "prune", "--older-than", "1d", "--host", "nobody")
    assert len(read(house, "conversations")) == 1
