"""SPF records, read for one client of two addresses."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.doors.authentication.resolver import MAX_TEXT
from mailflow.doors.authentication.sender_policy import check_sender
from mailflow.mail.dmarc import Outcome
from tests.doors.authentication.domains import Names, Records

SENDER = "ann@client.example"
V4, V6 = "8.8.8.8", "2001:4860::8"


def outcome(
    record: str, records: Records | None = None, *, peer: str = V4, dead: tuple[str, ...] = ()
) -> Outcome:
    named: Records = {("client.example", "TXT"): [record], **(records or {})}
    return check_sender(peer, SENDER, "mx.client.example", Names(named, dead))


@pytest.mark.parametrize(
    ("record", "records"),
    [
        pytest.param("v=spf1 ip4:8.8.8.0/24 -all", {}, id="network"),
        pytest.param("v=spf1 a -all", {("client.example", "A"): [V4]}, id="address"),
        pytest.param(
            "v=spf1 mx -all",
            {("client.example", "MX"): ["mx.client.example"], ("mx.client.example", "A"): [V4]},
            id="mail server",
        ),
        pytest.param(
            "v=spf1 include:esp.example -all",
            {("esp.example", "TXT"): ["v=spf1 ip4:8.8.8.8 -all"]},
            id="included",
        ),
        pytest.param(
            "v=spf1 redirect=esp.example",
            {("esp.example", "TXT"): ["v=spf1 ip4:8.8.8.8 -all"]},
            id="redirected",
        ),
        pytest.param(
            "v=spf1 exists:%{ir}.%{l}.ok.example -all",
            {("8.8.8.8.ann.ok.example", "A"): ["127.0.0.2"]},
            id="macro",
        ),
        pytest.param(
            "v=spf1 ptr -all",
            {
                ("8.8.8.8.in-addr.arpa", "PTR"): ["mx.client.example"],
                ("mx.client.example", "A"): [V4],
            },
            id="reverse",
        ),
    ],
)
def test_pass(record: str, records: Records) -> None:
    assert outcome(record, records) is Outcome.PASS


def test_ipv6() -> None:
    assert outcome("v=spf1 ip6:2001:4860::/32 -all", peer=V6) is Outcome.PASS
    assert outcome("v=spf1 a -all", {("client.example", "AAAA"): [V6]}, peer=V6) is Outcome.PASS


@pytest.mark.parametrize(
    "record",
    [
        "",
        "v=spf1 -all",
        "v=spf1 ~all",
        "v=spf1 ?all",
        "v=spf1",
        "v=spf1 ip4:9.9.9.9",
        "v=spf1 nonsense +all",
        "v=spf1 include:client.example +all",
        "v=spf1 include:nowhere.example +all",
        "v=spf1 a:1.example a:2.example a:3.example +all",
        "v=spf10 +all",
    ],
)
def test_no_pass(record: str) -> None:
    assert outcome(record) is Outcome.FAIL


def test_two_records_are_none() -> None:
    names = Names({("client.example", "TXT"): ["v=spf1 +all", "v=spf1 +all"]})
    assert check_sender(V4, SENDER, "x", names) is Outcome.FAIL


def test_a_null_sender_is_the_name_that_the_client_gave() -> None:
    names = Names({("mx.client.example", "TXT"): ["v=spf1 ip4:8.8.8.8 -all"]})
    assert check_sender(V4, "", "mx.client.example", names) is Outcome.PASS


def test_trouble_with_name_servers_is_unknown() -> None:
    assert outcome("", dead=("client.example",)) is Outcome.UNKNOWN
    assert outcome("v=spf1 include:a.example -all", dead=("a.example",)) is Outcome.UNKNOWN


def test_an_endless_chain_ends() -> None:
    names = Names()
    for n in range(100):
        names.records[f"{n}.example", "TXT"] = [f"v=spf1 include:{n + 1}.example -all"]
    assert check_sender(V4, "ann@0.example", "x", names) is Outcome.FAIL
    assert len(names.asked) <= 11


@pytest.mark.parametrize(
    "term", ["a:" + "a" * 60 + ".", "%{s}", "a:%{s}.x ", "ip4:1.1.1.1 ", "a" * 9, "exp=%{p}.x "]
)
def test_long_records_take_little_time(term: str) -> None:
    record = ("v=spf1 " + term * MAX_TEXT)[:MAX_TEXT]
    start = time.process_time()
    assert outcome(record) is Outcome.FAIL
    assert time.process_time() - start < 1


@settings(max_examples=300)
@given(st.text("v=spf1 +-~?amxptrinclude:ip46/%{}slodvhr.0189_\xff", max_size=80))
def test_any_record_comes_to_something(terms: str) -> None:
    assert outcome(f"v=spf1 {terms}") in Outcome
