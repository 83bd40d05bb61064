import stat
from pathlib import Path

import pytest

from mailflow import config
from mailflow.cli.first_config import Answers, config_text
from mailflow.service import load_house
from tests.cli.command import done, mailflow, read, refused


def test_without_questions_it_can_be_tried_at_once(tmp_path: Path) -> None:
    done(tmp_path, "init", "--yes")
    secret = tmp_path / "data" / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text()) > 60
    settings = config.load(tmp_path / "config.toml", {})
    assert settings.authentication.mode == "verify"
    assert read(tmp_path, "bookings") == []
    assert read(tmp_path, "slots", "meeting")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").write_text("mine")
    assert refused(tmp_path, "init", "--yes").endswith("it is not overwritten")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_key_for_signing_comes_with_the_configuration(tmp_path: Path) -> None:
    printed = done(tmp_path, "init", "--yes", "--dkim")
    settings = config.load(tmp_path / "config.toml", {})
    key = tmp_path / "data" / "dkim-mailflow1.pem"
    assert settings.smarthost.dkim_key_file == key
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    signer = load_house(tmp_path / "config.toml", {}).signer
    assert signer
    assert f"mailflow1._domainkey.flow.localhost. TXT {signer.record}\n" in printed


def test_another_key_leaves_the_configuration_and_the_first_key_alone(tmp_path: Path) -> None:
    done(tmp_path, "init", "--yes", "--dkim")
    data, path = tmp_path / "data", tmp_path / "config.toml"
    before = (path.read_bytes(), (data / "dkim-mailflow1.pem").read_bytes())
    printed = done(tmp_path, "init", "--dkim")
    assert (path.read_bytes(), (data / "dkim-mailflow1.pem").read_bytes()) == before
    *_, selector, file = printed.splitlines()
    text = path.read_text().replace('dkim_selector = "mailflow1"', selector)
    path.write_text(text.replace('dkim_key_file = "data/dkim-mailflow1.pem"', file))
    signer = load_house(path, {}).signer
    assert signer and signer.selector == "mailflow2"
    assert signer.record in printed


def test_a_key_that_is_none_stops_every_command(tmp_path: Path) -> None:
    done(tmp_path, "init", "--yes", "--dkim")
    (tmp_path / "data" / "dkim-mailflow1.pem").write_text("mine")
    assert "(smarthost.dkim_key_file) is no private key" in refused(tmp_path, "bookings")


def test_an_answer_that_is_wrong_is_asked_again(tmp_path: Path) -> None:
    answers = [
        "flow.example.com",
        'Dana "Coach"',
        "book",
        "dana",
        "dana@flow.example.com",
        "dana@example.com",
        "Europe/Berlin",
        "-",
        "mail.example.com:587",
    ]
    result = mailflow(tmp_path, "init", stdin="\n".join(answers) + "\n")
    assert result.returncode == 0
    assert 'hosts[0].handle = "book": expected' in result.stderr
    settings = config.load(tmp_path / "config.toml", {})
    (host,) = settings.hosts
    assert (host.name, host.handle, host.email) == ('Dana "Coach"', "dana", "dana@example.com")
    assert settings.smarthost.security == "starttls"
    assert settings.mailflow.public_url == ""


@pytest.mark.parametrize(
    ("smarthost", "security"),
    [("a.test:587", "starttls"), ("a.test:465", "tls"), ("127.0.0.1:1025", "none")],
)
def test_a_port_tells_how_the_smarthost_is_spoken_to(smarthost: str, security: str) -> None:
    assert f'security = "{security}"' in config_text(Answers(smarthost=smarthost))
