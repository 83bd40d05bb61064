import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail import reading
from mailflow.mail.authentication_results import believe
from mailflow.mail.authenticity import Verdict

TRUSTED = "mx.example.com"
BORDER = "Received: from out.client.example (HELO x) (192.0.2.1) by MX.example.com with ESMTPS id 1"
OTHER = "Received: from evil.example by relay.evil.example with SMTP id 2"
PASS = "dmarc=pass header.from=client.example"


def verdict(*fields: str, sender: str = "ann@client.example") -> Verdict:
    lines = [*fields, f"From: {sender}", "Subject: x", "", "Hello"]
    mail = reading.read("\r\n".join(lines).encode(), "flow.example")
    return believe(mail, TRUSTED)


def results(text: str, server: str = TRUSTED) -> str:
    return f"Authentication-Results: {server};\r\n {text}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("dmarc=pass", id="bare"),
        pytest.param(
            "dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=client.example", id="Gmail"
        ),
        pytest.param("dmarc=pass (policy=none) header.from=client.example", id="rspamd"),
        pytest.param(
            "dmarc=pass (Used From Domain Record) header.from=client.example\r\n policy.dmarc=none",
            id="authheaders",
        ),
        pytest.param("spf=fail smtp.mailfrom=a@x.example; DMARC=Pass", id="after another method"),
        pytest.param("dkim=pass header.d=client.example header.s=k", id="DKIM domain"),
        pytest.param("dkim=pass header.i=@client.example header.s=k", id="DKIM identity"),
        pytest.param("dkim=pass header.d=mail.client.example", id="DKIM of a subdomain"),
        pytest.param("dkim=fail header.d=x.example; dkim=pass header.d=client.example", id="two"),
        pytest.param("dkim=pass (2048-bit key; unprotected) header.d=client.example", id="comment"),
        pytest.param("spf=pass (ok) smtp.mailfrom=bounce@m.client.example", id="SPF"),
        pytest.param('spf=pass smtp.mailfrom="b;c"@client.example', id="quoted SPF address"),
        pytest.param(
            "dmarc=none header.from=client.example; dkim=pass header.d=client.example",
            id="no policy",
        ),
        pytest.param(
            "dmarc=temperror; dkim=pass header.d=client.example", id="DMARC not found out"
        ),
    ],
)
def test_verified(text: str) -> None:
    assert verdict(results(text), BORDER) is Verdict.VERIFIED


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("none", id="no results"),
        pytest.param("dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=client.example", id="Gmail"),
        pytest.param("dmarc=fail (p=none dis=none) header.from=client.example", id="OpenDMARC"),
        pytest.param("dmarc=fail (p=none sp=reject dis=none) header.from=client.example", id="sp"),
        pytest.param("dmarc=fail header.from=client.example policy.dmarc=none", id="authheaders"),
        pytest.param("dmarc=fail action=none header.from=client.example", id="Microsoft"),
        pytest.param("dmarc=fail", id="policy not told"),
        pytest.param("dmarc=fail (p=none); dkim=pass header.d=client.example", id="contradiction"),
        pytest.param("dmarc=bestguesspass action=none header.from=client.example", id="guess"),
        pytest.param("dmarc=pass header.from=evil.example", id="of another domain"),
        pytest.param("dkim=pass header.d=evil.example", id="DKIM of another domain"),
        pytest.param("dkim=pass header.d=example", id="DKIM of the top-level domain"),
        pytest.param("dkim=pass", id="DKIM of nobody"),
        pytest.param("dkim=fail header.d=client.example", id="DKIM failed"),
        pytest.param("spf=pass smtp.helo=client.example", id="SPF of the HELO name"),
        pytest.param("spf=softfail smtp.mailfrom=ann@client.example", id="SPF failed"),
        pytest.param('spf=fail reason="; dmarc=pass" smtp.mailfrom=a@b.example', id="in quotes"),
        pytest.param("spf=fail (; dmarc=pass (;)) smtp.mailfrom=a@b.example", id="in a comment"),
        pytest.param("spf=pass (header.d=client.example) smtp.mailfrom=a@b.example", id="remark"),
        pytest.param("arc=pass header.d=client.example", id="another method"),
    ],
)
def test_unverified(text: str) -> None:
    assert verdict(results(text), BORDER) is Verdict.UNVERIFIED


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "dmarc=fail (p=REJECT sp=NONE dis=NONE) header.from=client.example", id="Gmail"
        ),
        pytest.param(
            "dmarc=fail (p=quarantine dis=none) header.from=client.example", id="OpenDMARC"
        ),
        pytest.param(
            'dmarc=fail reason="No valid SPF, No valid DKIM" header.from=client.example (policy=reject)',
            id="rspamd",
        ),
        pytest.param("dmarc=fail header.from=client.example policy.dmarc=reject", id="authheaders"),
        pytest.param(
            "dmarc=fail policy.published-domain-policy=reject policy.applied-disposition=none"
            " header.from=client.example (p=reject,d=none)",
            id="Fastmail",
        ),
        pytest.param("dmarc=fail action=oreject header.from=client.example", id="Microsoft"),
        pytest.param("dmarc=fail action=pct.quarantine header.from=client.example", id="sampled"),
    ],
)
def test_failed(text: str) -> None:
    assert verdict(results(text), BORDER) is Verdict.FAILED


def test_the_policy_for_subdomains() -> None:
    field = results("dmarc=fail (p=NONE sp=REJECT dis=NONE) header.from=a.client.example")
    assert verdict(field, sender="ann@a.client.example") is Verdict.FAILED


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param([results(PASS)], Verdict.VERIFIED, id="no Received at all"),
        pytest.param([results(PASS), OTHER], Verdict.VERIFIED, id="above any Received"),
        pytest.param([BORDER, results(PASS), OTHER], Verdict.VERIFIED, id="below the border's own"),
        pytest.param([results(PASS, "MX.Example.Com 1")], Verdict.VERIFIED, id="case, version"),
        pytest.param([results(PASS, '"mx.example.com"')], Verdict.VERIFIED, id="quoted id"),
        pytest.param([OTHER, results(PASS)], Verdict.UNVERIFIED, id="below an untrusted one"),
        pytest.param(
            [BORDER, OTHER, results(PASS)], Verdict.UNVERIFIED, id="below the first untrusted one"
        ),
        pytest.param(
            ["Received: from x (by mx.example.com) by y.example", results(PASS)],
            Verdict.UNVERIFIED,
            id="border named in a comment",
        ),
        pytest.param([results(PASS, "mx.evil.example")], Verdict.UNVERIFIED, id="another id"),
        pytest.param(
            [results(PASS, "mx.example.com.evil.example")], Verdict.UNVERIFIED, id="longer"
        ),
        pytest.param(
            [results("dmarc=fail"), results(PASS)], Verdict.UNVERIFIED, id="topmost counts"
        ),
        pytest.param(
            [results("dmarc=none"), results("dkim=pass header.d=client.example"), BORDER],
            Verdict.VERIFIED,
            id="a field of each filter",
        ),
        pytest.param([f"ARC-{results(PASS)}"], Verdict.UNVERIFIED, id="ARC"),
        pytest.param([], Verdict.UNVERIFIED, id="none"),
    ],
)
def test_where_results_are_believed(fields: list[str], expected: Verdict) -> None:
    assert verdict(*fields) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param("a.github.io", "b.github.io", Verdict.UNVERIFIED, id="public suffix"),
        pytest.param("a.co.uk", "b.co.uk", Verdict.UNVERIFIED, id="two-label suffix"),
        pytest.param("a.test", "b.test", Verdict.UNVERIFIED, id="unlisted top-level domain"),
        pytest.param("x.a.co.uk", "y.a.co.uk", Verdict.VERIFIED, id="one registrant"),
        pytest.param("münchen.de", "xn--mnchen-3ya.de", Verdict.VERIFIED, id="A-label"),
    ],
)
def test_alignment(one: str, other: str, expected: Verdict) -> None:
    assert verdict(results(f"dkim=pass header.d={other}"), sender=f"a@{one}") is expected


@pytest.mark.parametrize("piece", ['a="', "(", ";", "a=b ", "=", '\\"', "()"])
def test_judging_takes_linear_time(piece: str) -> None:
    start = time.process_time()
    verdict(results(piece * (200_000 // len(piece))))
    assert time.process_time() - start < 3


@given(st.text(' ;="()\\abcdmrpsfil.@', max_size=80))
def test_any_value_has_a_verdict(text: str) -> None:
    assert verdict(results(text)) in Verdict
