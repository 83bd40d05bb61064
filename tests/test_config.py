"""The configuration: its example, how values are written, and a complaint for each mistake."""

import json
import tempfile
import tomllib
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.config import Endpoint, Policy, Window, load, notation, secrets
from mailflow.config.values import TABLES
from mailflow.errors import ConfigError, NotFound

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "config.example.toml"
BAD_CONFIGS = sorted((HERE / "bad_configs").glob("*.toml"))
EXPECT = "# expect: "
SMALLEST = """
[mailflow]
domain = "Flow.Example.com"

[[hosts]]
handle = "dana"
name = "Dana Coach"
email = "Dana@example.com"
aliases = ["d.coach@example.org"]
timezone = "Europe/Berlin"

[[appointment_types]]
slug = "coaching"
title = "Coaching session"
hosts = ["dana"]
duration = "50m"
"""


@pytest.fixture
def smallest(tmp_path: Path) -> Path:
    """A config file with the required keys alone, and an alias."""
    path = tmp_path / "config.toml"
    path.write_text(SMALLEST)
    return path


def complaints(path: Path, environment: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, environment or {})
    return caught.value.mistakes


class TestExample:
    def test_shows_every_key_and_no_other(self) -> None:
        document = tomllib.loads(EXAMPLE.read_text())
        for name, table in example_tables(document):
            shown = set(table)
            known = {key.name for key in fields(TABLES[name])} - {"folder"}
            assert shown == known, name

    def test_shows_defaults_but_where_it_says_so(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        lines = EXAMPLE.read_text().splitlines()
        path.write_text("\n".join(line for line in lines if "required" in line or line[:1] == "["))
        defaults = load(path, {})
        path.write_text(
            "\n".join(line for line in lines if "required" in line or "e.g." not in line)
        )
        assert load(path, {}) == defaults


def example_tables(document: dict[str, Any]) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    tables = [((name,), table) for name, table in document.items() if isinstance(table, dict)]
    arrays = [((name,), table[0]) for name, table in document.items() if isinstance(table, list)]
    return [((), document), *tables, *arrays]


class TestMistakes:
    @pytest.mark.parametrize("path", BAD_CONFIGS, ids=lambda path: path.stem)
    def test_each_has_its_complaint(self, path: Path) -> None:
        lines = path.read_text().splitlines()
        expected = [line.removeprefix(EXPECT) for line in lines if line.startswith(EXPECT)]
        found = complaints(path)
        assert len(found) == len(expected), found
        for complaint, beginning in zip(found, expected, strict=True):
            assert complaint.startswith(f"{path}: {beginning}")
            assert "\n" not in complaint

    def test_no_file(self, tmp_path: Path) -> None:
        [complaint] = complaints(tmp_path / "config.toml")
        assert "config.toml: cannot be read (No such file" in complaint
        assert "mailflow init" in complaint

    def test_not_utf_8(self, tmp_path: Path) -> None:
        path = tmp_path / "config.toml"
        path.write_bytes(b"# caf\xe9\n")
        [complaint] = complaints(path)
        assert "config.toml: is not TOML" in complaint

    def test_passwords_are_not_shown(self, smallest: Path) -> None:
        url = "postgres://flow:hunter2/@db.example.com/flow"
        [complaint] = complaints(smallest, {"MAILFLOW_DATABASE__URL": url})
        assert "hunter2" not in complaint
        assert '"postgres://flow:…@db.example.com/flow"' in complaint


class TestEnvironment:
    def test_stands_over_the_file(self, smallest: Path) -> None:
        environment = {
            "MAILFLOW_MAILFLOW__DOMAIN": "other.example.com",
            "MAILFLOW_LISTENER__ADDRESS": "[::1]:0",
            "MAILFLOW_MAILFLOW__DATA_DIR": "elsewhere",
        }
        config = load(smallest, environment)
        assert config.mailflow.domain == "other.example.com"
        assert config.listener.address == Endpoint("::1", 0)
        assert config.mailflow.data_dir == smallest.parent / "elsewhere"

    def test_other_variables_are_left_alone(self, smallest: Path) -> None:
        environment = {
            "HOME__DIR": "/",
            "MAILFLOW_CONFIG": "config.toml",
            "MAILFLOW_NOW": "2026-12-01T10:00Z",
            "MAILFLOW_PORT": "tcp://10.0.0.1:25",
        }
        assert load(smallest, environment) == load(smallest, {})

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("MAILFLOW_LISTENER__ADDRESS", "25", ' = "25": expected HOST:PORT'),
            ("MAILFLOW_LISTENER__ADRESS", "x", '; did you mean "MAILFLOW_LISTENER__ADDRESS"?'),
            ("MAILFLOW_LISTENER__TRUSTED_PEERS", "::1", ' = "::1": expected a list'),
            ("MAILFLOW_HOSTS__EMAIL", "dana@example.com", "no such key can be set"),
            ("MAILFLOW_LISTENER__TLS__KEY", "x", "no such key can be set"),
            ("MAILFLOW_SMARTHOST__USERNAME", "\udcff", r' = "\udcff"'),
        ],
        ids=["value", "typing error", "list", "array", "deeper", "no UTF-8"],
    )
    def test_complaints_name_the_variable(
        self, smallest: Path, name: str, value: str, expected: str
    ) -> None:
        complaint = complaints(smallest, {name: value})[0]
        assert complaint.startswith(f"environment variable {name} = ")
        assert expected in complaint


class TestConfig:
    def test_defaults(self, smallest: Path) -> None:
        config = load(smallest, {})
        kind = config.appointment_type("coaching")
        assert config.folder == smallest.parent
        assert config.mailflow.domain == "flow.example.com"
        assert config.mailflow.secret_file == smallest.parent / "data/secret"
        assert config.listener.max_message_size == 25_000_000
        assert (config.listener.tls_key, config.web.internal_listen) == (None, None)
        assert config.host("dana").timezone == ZoneInfo("Europe/Berlin")
        assert kind.conversation is Policy.NEW_UNLESS_EXISTING
        assert kind.increment == timedelta(minutes=50)
        assert kind.change_notice == kind.minimum_notice == timedelta(hours=2)

    def test_hours(self) -> None:
        host = load(EXAMPLE, {}).host("dana")
        assert host.hours == {0: (Window(540, 720), Window(780, 1020)), 1: (Window(540, 1020),)}
        assert host.overrides == {date(2026, 12, 24): ()}

    @pytest.mark.parametrize(
        ("address", "found"),
        [
            ("dana@EXAMPLE.com", True),
            ("D.Coach@example.org", True),
            ("dana@example.org", False),
            ("", False),
        ],
    )
    def test_host_of(self, smallest: Path, address: str, found: bool) -> None:
        config = load(smallest, {})
        assert config.host_of(address) == (config.host("dana") if found else None)

    def test_look_up(self, smallest: Path) -> None:
        config = load(smallest, {})
        assert config.host("DANA") == config.hosts[0]
        assert config.appointment_type("Coaching", "Dana") == config.appointment_types[0]
        with pytest.raises(NotFound, match="no host 'joe'"):
            config.host("joe")
        with pytest.raises(NotFound, match="no appointment type 'talk'"):
            config.appointment_type("talk")
        with pytest.raises(NotFound, match="no appointment type 'coaching'"):
            config.appointment_type("coaching", "joe")

    def test_repr_hides_what_may_be_secret(self, smallest: Path) -> None:
        url = "postgresql://flow:hunter2@db.example.com/flow"
        assert "hunter2" not in repr(load(smallest, {"MAILFLOW_DATABASE__URL": url}))


class TestSecrets:
    def secrets_of(self, smallest: Path, text: str) -> tuple[str, ...]:
        config = load(smallest, {})
        path = smallest.parent / "secret"
        path.write_text(text)
        return secrets(replace(config, mailflow=replace(config.mailflow, secret_file=path)))

    def test_the_first_signs(self, smallest: Path) -> None:
        assert self.secrets_of(smallest, f"{'n' * 32}\n\n{'o' * 40} \n") == ("n" * 32, "o" * 40)

    @pytest.mark.parametrize(
        "text",
        ["", "\n\n", "hunter2\n", f"{'n' * 32}\nhunter2\n"],
        ids=["empty", "blank", "short", "second short"],
    )
    def test_too_short(self, smallest: Path, text: str) -> None:
        with pytest.raises(ConfigError, match=r"secret \(mailflow.secret_file\): line .*init") as e:
            self.secrets_of(smallest, text)
        assert "hunter2" not in str(e.value)

    def test_missing(self, smallest: Path) -> None:
        with pytest.raises(ConfigError, match=r"data/secret \(mailflow.secret_file\): .*init"):
            secrets(load(smallest, {}))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("0m", 0), ("50m", 50), ("1h30m", 90), ("24h", 1440), ("7d", 10080), ("1d1h1m60s", 1502)],
)
def test_durations(text: str, minutes: int) -> None:
    assert notation.read_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("text", "size"), [("1B", 1), ("500kB", 500_000), ("25MB", 25_000_000), ("1gb", 10**9)]
)
def test_sizes(text: str, size: int) -> None:
    assert notation.read_size(text) == size


@pytest.mark.parametrize("text", ["127.0.0.1:25", "[::1]:2525", "mail.example.com:0"])
def test_endpoints(text: str) -> None:
    assert str(notation.read_endpoint(text)) == text


@pytest.mark.parametrize(
    ("text", "window"),
    [("09:00-17:30", Window(540, 1050)), ("00:00-24:00", Window(0, 1440))],
)
def test_windows(text: str, window: Window) -> None:
    assert notation.read_window(text) == window


LIKE_A_VALUE = st.from_regex(r"\A[0-9:.\[\]dhmsKMGB/-]{0,12}\Z") | st.text(max_size=20)
TOML_VALUES = st.recursive(
    st.booleans() | st.integers(-(10**6), 10**6) | LIKE_A_VALUE.map(lambda text: text[:20]),
    lambda values: st.lists(values, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    "read",
    [
        notation.read_duration,
        notation.read_size,
        notation.read_endpoint,
        notation.read_peer,
        notation.read_weekday,
        notation.read_window,
        notation.read_date,
        notation.read_network,
        notation.read_zone,
    ],
)
@given(value=TOML_VALUES)
def test_readers_give_a_value_or_a_complaint(read: Any, value: Any) -> None:
    try:
        assert read(value) is not None
    except ValueError as error:
        assert str(error)


@given(data=st.data(), value=TOML_VALUES)
def test_any_value_of_any_key_is_taken_or_complained_about(data: st.DataObject, value: Any) -> None:
    lines = EXAMPLE.read_text().splitlines()
    places = [number for number, line in enumerate(lines) if line[:1].isalpha()]
    place = data.draw(st.sampled_from(places))
    key = lines[place].split(" = ")[0]
    lines[place] = f"{key} = {json.dumps(value)}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text("\n".join(lines))
        try:
            load(path, {})
        except ConfigError as error:
            assert any(key in mistake or "not TOML" in mistake for mistake in error.mistakes)
