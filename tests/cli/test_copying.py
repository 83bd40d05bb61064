"""`copy-database`, as an operator types it."""

import json
from pathlib import Path

from tests.cli.command import done, mailflow, refused
from tests.postgresql import Server


def test_a_house_moves_to_a_server_and_goes_on_there(house: Path, server: Server) -> None:
    url = server.emptied()
    before = done(house, "export", "--format", "json")
    tables = json.loads(done(house, "copy-database", "sqlite", url, "--json"))
    assert {table["table"]: table["rows"] for table in tables}["booking"] == 1
    config = house / "config.toml"
    config.write_text(f'{config.read_text()}\n[database]\nurl = "{url}"\n')
    assert done(house, "export", "--format", "json") == before
    assert "TO is not empty" in refused(house, "copy-database", "sqlite", url)


def test_what_is_no_database_is_said_in_a_line(house: Path) -> None:
    told = mailflow(house, "copy-database", "sqlite", "mysql://flow:word@127.0.0.1/flow")
    assert told.returncode == 1
    assert 'expected "sqlite" or "postgresql:' in told.stderr
    assert "word" not in told.stderr
    assert "TO is in use" in refused(house, "copy-database", "sqlite", "sqlite")
