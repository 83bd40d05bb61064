"""Mails as they come in, judged in each mode; what name servers would say stands in a table."""

import time
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow import config
from mailflow.config import Authentication, Listener
from mailflow.doors.authentication import Authenticator
from mailflow.errors import Unreadable
from mailflow.mail import reading
from mailflow.mail.authenticity import Verdict
from mailflow.mail.envelope import Envelope
from tests.doors.authentication.domains import Names, Records, keys, signed, text

DIRECT = "8.8.8.8"
BORDER = "9.9.9.9"
SETTINGS = config.Config(
    mailflow=config.Mailflow(domain="flow.example"),
    listener=Listener(trusted_peers=(ip_network(BORDER),)),
    hosts=(
        config.Host(
            handle="dana", name="Dana", email="dana@coach.example", timezone=ZoneInfo("UTC")
        ),
    ),
)
LMTP = replace(SETTINGS, listener=Listener(protocol="lmtp"))
RECORDS: Records = {
    **keys("client.example", "mail.client.example", "evil.example"),
    ("client.example", "TXT"): ["v=spf1 ip4:8.8.8.8 -all"],
    ("_dmarc.client.example", "TXT"): ["v=DMARC1; p=reject"],
    ("evil.example", "TXT"): ["v=spf1 +all"],
}


def envelope(
    raw: bytes, sender: str = "ann@client.example", *, peer: str = DIRECT, helo: str = "mx.example"
) -> Envelope:
    return Envelope(sender, ("dana@flow.example",), peer, helo, raw)


def verdict(
    handed_in: Envelope,
    settings: config.Config = SETTINGS,
    *,
    dead: tuple[str, ...] = (),
    records: Records = RECORDS,
) -> Verdict:
    mail = reading.read(bytes(handed_in.raw), "flow.example", handed_in.sender)
    return Authenticator(settings, lambda: Names(records, dead)).check(handed_in, mail)


SPOOF = text("dana@client.example")
NULL_SENDER = {**RECORDS, ("mx.client.example", "TXT"): ["v=spf1 ip4:8.8.8.8 -all"]}


@pytest.mark.parametrize(
    ("handed_in", "settings"),
    [
        pytest.param(envelope(text()), SETTINGS, id="SPF of a direct peer"),
        pytest.param(envelope(signed(text()), peer="127.0.0.1"), SETTINGS, id="DKIM, loopback"),
        pytest.param(envelope(signed(text())), LMTP, id="DKIM, LMTP"),
        pytest.param(envelope(signed(text()), "x@list.example"), SETTINGS, id="DKIM, other sender"),
        pytest.param(envelope(signed(text()), ""), SETTINGS, id="DKIM, null sender"),
        pytest.param(
            envelope(signed(text("a@b.client.example"), "mail.client.example"), "x@list.example"),
            SETTINGS,
            id="DKIM beside",
        ),
    ],
)
def test_verified(handed_in: Envelope, settings: config.Config) -> None:
    assert verdict(handed_in, settings) is Verdict.VERIFIED


def test_a_null_sender_may_be_verified_by_the_name_that_the_server_gave() -> None:
    handed_in = envelope(text(), "", helo="mx.client.example")
    assert verdict(handed_in, records=NULL_SENDER) is Verdict.VERIFIED


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.1", "fd00::1", BORDER, ""])
def test_spf_is_not_looked_at_behind_another_server(peer: str) -> None:
    open_to_all: Records = {**RECORDS, ("client.example", "TXT"): ["v=spf1 +all"]}
    handed_in = envelope(text(), peer=peer)
    assert verdict(handed_in, records=open_to_all) is Verdict.UNVERIFIED
    assert verdict(envelope(text()), LMTP, records=open_to_all) is Verdict.UNVERIFIED


@pytest.mark.parametrize(
    ("handed_in", "settings"),
    [
        pytest.param(envelope(text("a@nobody.example")), SETTINGS, id="no policy"),
        pytest.param(envelope(text("ann")), SETTINGS, id="no address"),
        pytest.param(envelope(text("ann@localhost")), SETTINGS, id="nobody's domain"),
        pytest.param(envelope(signed(text()).replace(b"Hello", b"Hallo")), LMTP, id="broken, LMTP"),
        pytest.param(envelope(SPOOF, ""), LMTP, id="null sender, LMTP"),
    ],
)
def test_unverified(handed_in: Envelope, settings: config.Config) -> None:
    assert verdict(handed_in, settings) is Verdict.UNVERIFIED


@pytest.mark.parametrize(
    ("handed_in", "settings"),
    [
        pytest.param(envelope(SPOOF, "eve@evil.example"), SETTINGS, id="SPF of another domain"),
        pytest.param(
            envelope(signed(SPOOF, "evil.example"), peer=BORDER, sender="e@evil.example"),
            SETTINGS,
            id="DKIM of another domain, behind a border",
        ),
        pytest.param(envelope(SPOOF, "eve@evil.example"), LMTP, id="another domain, LMTP"),
        pytest.param(envelope(SPOOF, peer="8.8.4.4"), SETTINGS, id="SPF failed"),
        pytest.param(envelope(SPOOF, "", helo="evil.example"), SETTINGS, id="null sender"),
        pytest.param(envelope(text("a@x.client.example"), "e@evil.example"), SETTINGS, id="below"),
    ],
)
def test_failed(handed_in: Envelope, settings: config.Config) -> None:
    assert verdict(handed_in, settings) is Verdict.FAILED


@pytest.mark.parametrize(
    "dead",
    ["client.example", "_dmarc.client.example", "rsa._domainkey.client.example"],
)
def test_trouble_with_name_servers_fails_no_mail(dead: str) -> None:
    handed_in = envelope(signed(SPOOF).replace(b"Hello", b"Hallo"), peer="8.8.4.4")
    assert verdict(handed_in) is Verdict.FAILED
    untouched = envelope(signed(SPOOF), peer="8.8.4.4")
    assert verdict(untouched, dead=(dead,)) is not Verdict.FAILED


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param("ann@client.example, eve@evil.example", id="two in one"),
        pytest.param("ann@client.example\r\nFrom: eve@evil.example", id="two fields"),
    ],
)
@pytest.mark.parametrize("mode", ["verify", "header", "none"])
def test_several_authors_are_never_verified(sender: str, mode: str) -> None:
    border = "Authentication-Results: mx.example; dmarc=pass\r\n"
    raw = border.encode() + signed(text(sender), tags={b"h": b"from:from:subject"})
    assert verdict(envelope(raw), in_mode(mode)) is Verdict.UNVERIFIED


def in_mode(mode: str) -> config.Config:
    return replace(SETTINGS, authentication=Authentication(mode=mode, trusted="mx.example"))  # type: ignore[arg-type]


def test_in_mode_none_everybody_is_believed() -> None:
    assert verdict(envelope(SPOOF, "eve@evil.example"), in_mode("none")) is Verdict.VERIFIED


def test_in_mode_header_the_border_is_believed() -> None:
    border = b"Authentication-Results: mx.example; dmarc=pass header.from=client.example\r\n"
    assert verdict(envelope(border + SPOOF), in_mode("header")) is Verdict.VERIFIED
    assert verdict(envelope(signed(text())), in_mode("header")) is Verdict.UNVERIFIED


@settings(max_examples=100)
@given(st.text('ann@client.exampl<>,;:"()\\ \r\n\x00', max_size=60), st.text(max_size=40))
def test_any_mail_has_a_verdict_in_little_time(author: str, record: str) -> None:
    raw = signed(text("ann@client.example")).replace(b"ann@client.example", author.encode())
    octets = record.encode("latin-1", "replace").decode("latin-1")
    records: Records = {name: [octets] for name in RECORDS}
    start = time.process_time()
    with suppress(Unreadable):
        assert verdict(envelope(raw), records=records) in Verdict
    assert time.process_time() - start < 1
