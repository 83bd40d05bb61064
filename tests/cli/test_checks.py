import json
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError

import pytest
from dns.resolver import NoNameservers

from mailflow import config
from mailflow.cli.machine import clock_finding, clock_state, private_finding
from mailflow.cli.public_page import public_url_finding
from mailflow.cli.records import dns_findings
from mailflow.config import Config
from mailflow.conversations.by_hand import begin
from mailflow.mail.wire.signing import Signer
from mailflow.nodes import be_seen
from tests.cli.command import mailflow
from tests.doors.authentication.domains import RSA
from tests.flow import SETTINGS, Flow

Statuses = Mapping[str, str]


def checked(folder: Path) -> tuple[int, Statuses]:
    """The exit code, and the gravest status of each check."""
    result = mailflow(folder, "check", "--json")
    assert result.stderr == ""
    findings = sorted(json.loads(result.stdout), key=lambda one: str(one["status"]) == "fail")
    assert all(one["advice"] for one in findings if one["status"] != "ok")
    return result.returncode, {one["check"]: one["status"] for one in findings}


def settle(folder: Path, smarthost: int) -> None:
    """A house whose ports are any free ones, with a smarthost at that port."""
    sections = (
        '[listener]\naddress = "127.0.0.1:0"\n[web]\nlisten = "127.0.0.1:0"\n'
        f'[smarthost]\naddress = "127.0.0.1:{smarthost}"\n[[hosts]]'
    )
    Flow(folder, SETTINGS.replace("[[hosts]]", sections, 1)).close()
    (folder / "data" / "secret").chmod(0o600)
    (folder / "data").chmod(0o700)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_all_is_told_and_what_fails_exits_1(tmp_path: Path) -> None:
    settle(tmp_path, closed_port())
    code, found = checked(tmp_path)
    assert code == 1
    assert found == {
        "config": "ok",
        "secret": "ok",
        "data": "ok",
        "disk": "ok",
        "clock": found["clock"],
        "templates": "ok",
        "database": "ok",
        "queues": "ok",
        "listener.address": "ok",
        "web.listen": "ok",
        "public_url": "warn",
        "smarthost": "fail",
        "authentication": "warn",
        "dns": "ok",
    }


def test_each_line_says_what_to_do(tmp_path: Path) -> None:
    settle(tmp_path, closed_port())
    (tmp_path / "data" / "secret").chmod(0o644)
    result = mailflow(tmp_path, "check")
    assert f"warn secret: others may read {tmp_path}/data/secret\n" in result.stdout
    assert f"     chmod 600 {tmp_path}/data/secret\n" in result.stdout


def test_every_mistake_of_the_configuration_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[mailflow]\ndomain = "-"\npostmaster = "nobody"\n')
    code, found = checked(tmp_path)
    assert (code, found) == (1, {"config": "fail"})
    result = mailflow(tmp_path, "bookings")
    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 3


def test_a_template_that_is_broken_is_found(tmp_path: Path) -> None:
    settle(tmp_path, closed_port())
    folder = tmp_path / "data" / "templates" / "mail"
    folder.mkdir(parents=True)
    (folder / "offer.txt").write_text("{% if %}")
    assert checked(tmp_path)[1]["templates"] == "fail"


def test_a_port_that_is_taken_is_found(tmp_path: Path) -> None:
    settle(tmp_path, closed_port())
    with socket.create_server(("127.0.0.1", 0)) as server:
        path = tmp_path / "config.toml"
        port = server.getsockname()[1]
        path.write_text(
            path.read_text().replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"')
        )
        assert checked(tmp_path)[1]["web.listen"] == "fail"


def test_a_database_that_is_none_is_found(tmp_path: Path) -> None:
    settle(tmp_path, closed_port())
    for file in (tmp_path / "data").glob("mailflow.db*"):
        file.unlink()
    (tmp_path / "data" / "mailflow.db").mkdir()
    assert checked(tmp_path)[1]["database"] == "fail"
    result = mailflow(tmp_path, "bookings")
    (line,) = result.stderr.splitlines()
    assert (result.returncode, line[:29]) == (1, "the database cannot be used: ")


def test_a_server_that_does_not_answer_is_said_in_a_line(tmp_path: Path) -> None:
    settle(tmp_path, closed_port())
    path = tmp_path / "config.toml"
    url = f"postgresql://flow:word@127.0.0.1:{closed_port()}/flow"
    path.write_text(f'{path.read_text()}\n[database]\nurl = "{url}"\n')
    result = mailflow(tmp_path, "bookings")
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1
    assert line.startswith("the database cannot be used: ")
    assert "word" not in line


@pytest.fixture
def public(tmp_path: Path) -> Config:
    """A configuration with a domain that DNS may know."""
    settle(tmp_path, closed_port())
    settings = config.load(tmp_path / "config.toml", {})
    return replace(settings, mailflow=replace(settings.mailflow, domain="flow.coach.com"))


SIGNER = Signer.read("flow.coach.com", "one", RSA)


RECORDS = {
    ("flow.coach.com", "MX"): ["20 spare.coach.com.", "10 mx.coach.com."],
    ("mx.coach.com", "A"): ["192.0.2.1"],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["mx.coach.com."],
    ("flow.coach.com", "TXT"): ['"some=thing"', '"v=spf1 mx " "-all"'],
    ("one._domainkey.flow.coach.com", "TXT"): [SIGNER.record],
    ("_dmarc.coach.com", "TXT"): ['"v=DMARC1; p=none"'],
}


@pytest.mark.parametrize(
    ("missing", "otherwise"),
    [
        (None, {}),
        (("flow.coach.com", "MX"), {"MX": "fail", "port 25": None, "reverse name": None}),
        (("1.2.0.192.in-addr.arpa.", "PTR"), {"reverse name": "warn"}),
        (("flow.coach.com", "TXT"), {"SPF": "warn"}),
        (("one._domainkey.flow.coach.com", "TXT"), {"DKIM": "fail"}),
        (("_dmarc.coach.com", "TXT"), {"DMARC": "warn"}),
    ],
    ids=["complete", "no MX", "no reverse name", "no SPF", "no DKIM", "no DMARC"],
)
def test_records_of_the_domain(
    public: Config, missing: tuple[str, str] | None, otherwise: dict[str, str | None]
) -> None:
    known = {key: value for key, value in RECORDS.items() if key != missing}
    found = dns_findings(
        public,
        SIGNER,
        lambda name, kind: known.get((name, kind), []),
        lambda server: f"220 {server}",
    )
    good = dict.fromkeys(["MX", "port 25", "reverse name", "SPF", "DKIM", "DMARC"], "ok")
    expected = {check: status for check, status in {**good, **otherwise}.items() if status}
    assert {one.check: one.status.value for one in found} == expected


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (SIGNER.record.replace("; ", " ;  "), "ok"),
        (SIGNER.record.replace('" "', ""), "ok"),
        (SIGNER.record.replace("p=", "p=A"), "fail"),
        ('"v=DKIM1; k=rsa; p="', "fail"),
    ],
    ids=["blanks", "one string", "another key", "revoked"],
)
def test_the_key_in_dns_is_compared_with_the_one_here(
    public: Config, record: str, status: str
) -> None:
    known = {**RECORDS, ("one._domainkey.flow.coach.com", "TXT"): [record]}
    found = dns_findings(
        public, SIGNER, lambda name, kind: known.get((name, kind), []), lambda server: "220"
    )
    (dkim,) = [one for one in found if one.check == "DKIM"]
    assert dkim.status == status
    assert status == "ok" or SIGNER.record in dkim.advice


def test_where_nothing_is_signed_the_smarthost_may_do_it(public: Config) -> None:
    found = dns_findings(
        public, None, lambda name, kind: RECORDS.get((name, kind), []), lambda server: "220"
    )
    assert [one.status.value for one in found if one.check == "DKIM"] == ["warn"]


def test_a_server_that_is_not_reached(public: Config) -> None:
    def nobody(server: str) -> str:
        assert server == "mx.coach.com"
        raise ConnectionRefusedError(111, "Connection refused")

    found = dns_findings(public, SIGNER, lambda name, kind: RECORDS.get((name, kind), []), nobody)
    (port,) = [one for one in found if one.check == "port 25"]
    assert (port.status, "Connection refused" in port.detail) == ("warn", True)


def test_a_domain_without_mx_but_with_an_address_gets_mail(public: Config) -> None:
    found = next(
        dns_findings(public, SIGNER, lambda name, kind: ["192.0.2.1"] if kind == "A" else [])
    )
    assert (found.check, found.status) == ("MX", "warn")


def test_dns_that_does_not_answer_is_no_failure(public: Config) -> None:
    def silent(name: str, kind: str) -> list[str]:
        raise NoNameservers

    (found,) = dns_findings(public, SIGNER, silent)
    assert found.status == "warn"


@pytest.mark.parametrize(
    ("answer", "status"),
    [(None, "warn"), (b"<h1>It works!</h1>", "warn"), ("ours", "ok")],
    ids=["nobody", "somebody else", "we"],
)
def test_who_answers_at_the_public_url(tmp_path: Path, answer: object, status: str) -> None:
    flow = Flow(tmp_path)

    def ask(url: str) -> bytes:
        assert url == "https://flow.test/assets/mailflow.css"
        if answer is None:
            raise URLError("nobody there")
        ours = flow.house.templates.asset("mailflow.css").encode()
        return answer if isinstance(answer, bytes) else ours

    found = public_url_finding(flow.config, flow.house.templates, ask)
    flow.close()
    assert found.status == status


@pytest.mark.parametrize(("state", "status"), [(0, "ok"), (5, "warn"), (-1, "ok")])
def test_a_clock_that_nothing_keeps_right(state: int, status: str) -> None:
    assert clock_finding(lambda: state).status == status


def test_the_clock_of_this_machine_is_asked() -> None:
    assert -1 <= clock_state() <= 5


def test_files_that_others_may_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found = private_finding("data", tmp_path)
    assert (found.status, found.advice) == ("warn", f"chmod 700 {tmp_path}")


def test_a_queue_that_stands_still(tmp_path: Path) -> None:
    settle(tmp_path, closed_port())
    flow = Flow(tmp_path, (tmp_path / "config.toml").read_text())
    flow.now -= timedelta(hours=2)
    flow.run(begin, "dana", ["ann@client.test"], "Hello", "How are you?")
    flow.close()
    (tmp_path / "data" / "secret").chmod(0o600)
    result = mailflow(tmp_path, "check")
    assert "warn queues: copies to be sent: 1, the oldest for 2 hours" in result.stdout


def test_a_process_that_was_killed_is_told_of(tmp_path: Path) -> None:
    settle(tmp_path, closed_port())
    flow = Flow(tmp_path, (tmp_path / "config.toml").read_text())
    flow.now -= timedelta(minutes=2)
    flow.run(be_seen, "mx1", ["worker"])
    flow.close()
    (tmp_path / "data" / "secret").chmod(0o600)
    told = "mx1 (worker): not heard of for 2 minutes, though nobody told it to end"
    assert f"warn nodes: {told}" in mailflow(tmp_path, "check").stdout
