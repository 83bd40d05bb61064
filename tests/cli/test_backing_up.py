import shutil
import stat
from pathlib import Path

from tests.cli.command import done, read, refused
from tests.flow import SETTINGS


def test_a_backup_is_the_database_and_the_secret_for_its_owner_alone(house: Path) -> None:
    file = house / "kept.db"
    written = done(house, "backup", str(file)).replace("\n", "")
    secret = house / "kept.db.secret"
    assert (str(file) in written, str(secret) in written) == (True, True)
    assert {stat.S_IMODE(one.stat().st_mode) for one in (file, secret)} == {0o600}
    assert {one.name for one in house.iterdir() if one.name.startswith("kept")} == {
        "kept.db",
        "kept.db.secret",
    }
    before = done(house, "export", "--format", "json")
    shutil.rmtree(house / "data")
    (house / "data").mkdir()
    file.rename(house / "data" / "mailflow.db")
    secret.rename(house / "data" / "secret")
    assert done(house, "export", "--format", "json") == before
    assert read(house, "conversations", "--search", "now")


def test_nothing_is_overwritten_and_nothing_half_made_is_left(house: Path) -> None:
    for there in ("kept.db", "kept.db.secret"):
        (house / there).write_text("mine")
        assert "exists already" in refused(house, "backup", str(house / "kept.db"))
        assert (house / there).read_text() == "mine"
        (house / there).unlink()
    assert "No such file" in refused(house, "backup", str(house / "nowhere" / "kept.db"))
    damaged = house / "data" / "mailflow.db"
    damaged.write_bytes(damaged.read_bytes()[:8192])
    assert "cannot be copied" in refused(house, "backup", str(house / "kept.db"))
    assert not list(house.glob("kept*"))


def test_what_cannot_be_backed_up_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(SETTINGS)
    assert "does not exist yet" in refused(tmp_path, "backup", "kept.db")
    server = '[database]\nurl = "postgresql://flow:word@127.0.0.1/flow"\n'
    (tmp_path / "config.toml").write_text(SETTINGS + server)
    told = refused(tmp_path, "backup", "kept.db")
    assert "pg_dump" in told
    assert "word" not in told
