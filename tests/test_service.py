from pathlib import Path

import pytest

from mailflow import config
from mailflow.errors import ConfigError
from mailflow.service import furnish
from tests.doors.authentication.domains import RSA
from tests.flow import SETTINGS, START


def settings(folder: Path, language: str) -> config.Config:
    (folder / "data").mkdir()
    (folder / "data" / "secret").write_text("s" * 40 + "\n")
    path = folder / "config.toml"
    path.write_text(
        SETTINGS.replace('"Europe/Berlin"', f'"Europe/Berlin"\nlanguage = "{language}"')
    )
    return config.load(path, {})


def test_a_language_without_a_catalogue_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'^hosts\[0\]\.language = "cy": expected one of .*en'):
        furnish(settings(tmp_path, "cy"), lambda: START)


def test_an_operators_own_catalogue_makes_its_language_known(tmp_path: Path) -> None:
    own = tmp_path / "data" / "templates" / "languages"
    configured = settings(tmp_path, "cy")
    own.mkdir(parents=True)
    (own / "cy.po").write_text('msgid "Booked"\nmsgstr "Archebwyd"\n')
    house = furnish(configured, lambda: START)
    assert house.templates.languages.of("cy").gettext("Booked") == "Archebwyd"


def test_nothing_that_a_house_is_made_of_shows_a_secret(tmp_path: Path) -> None:
    calendar = '{ ics = "https://calendar.test/canary", password_file = "password" }'
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").write_text("canary" * 10 + "\n")
    (tmp_path / "password").write_text("canary\n")
    (tmp_path / "key.pem").write_bytes(RSA)
    path = tmp_path / "config.toml"
    path.write_text(
        SETTINGS.replace("[[hosts]]", f"[[hosts]]\ncalendars = [{calendar}]", 1)
        + '[smarthost]\nusername = "ann"\npassword_file = "password"\n'
        + 'dkim_selector = "one"\ndkim_key_file = "key.pem"\n'
    )
    url = "postgresql://ann:canary@db.test/mailflow"
    house = furnish(config.load(path, {"MAILFLOW_DATABASE__URL": url}), lambda: START)
    shown = f"{house} {house!r} {house.config.hosts} {house.keys} {house.signer}"
    assert "canary" not in shown
    assert not any(line in shown for line in RSA.decode().splitlines())
