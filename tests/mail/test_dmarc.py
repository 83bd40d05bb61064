"""Policies as domains publish them, and what evidence comes to under each."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.authenticity import Verdict
from mailflow.mail.dmarc import Evidence, Method, Outcome, Policy, TextLookup, find_policy, judge

DOMAIN = "client.example"
BELOW = "mail.client.example"
DKIM, SPF = Method.DKIM, Method.SPF
PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


def names(records: Mapping[str, Sequence[str]]) -> TextLookup:
    """A lookup in `records`; of a domain without any that can be found out there is nothing."""
    return lambda name: records.get(name.removeprefix("_dmarc."), ())


def dead(name: str) -> Sequence[str]:
    raise TimeoutError(name)


@pytest.mark.parametrize(
    ("record", "enforced"),
    [
        ("v=DMARC1; p=none", False),
        ("v=DMARC1; p=quarantine", True),
        ("v=DMARC1; p=reject", True),
        ("v=DMARC1;p=reject;", True),
        ("v = DMARC1 ; P = Reject ; rua=mailto:a@b.example", True),
        ("v=DMARC1; p=reject; pct=0", True),
        ("v=DMARC1; p=none; sp=reject", False),
        ("v=DMARC1; p=reject; sp=none", True),
        ("v=DMARC1; p=reject; p=none", True),
        ("v=DMARC1; p=reject; sp=whatever", False),
        ("v=DMARC1; p=whatever", False),
        ("v=DMARC1", False),
        ("v=DMARC1; reject", False),
        ("v=DMARC10; p=reject", False),
        ("v=dmarc1; p=reject", False),
        ("p=reject; v=DMARC1", False),
        ("v=spf1 -all", False),
        ("", False),
    ],
)
def test_what_a_record_asks_for(record: str, enforced: bool) -> None:
    assert find_policy(DOMAIN, names({DOMAIN: [record]})).enforced is enforced


@pytest.mark.parametrize(
    ("tags", "strict"),
    [
        ("", set()),
        ("; adkim=s", {DKIM}),
        ("; aspf=s", {SPF}),
        ("; adkim=S; aspf = s", {DKIM, SPF}),
        ("; adkim=r; aspf=r", set()),
        ("; adkim=x", set()),
    ],
)
def test_how_closely_domains_must_match(tags: str, strict: set[Method]) -> None:
    found = find_policy(DOMAIN, names({DOMAIN: [f"v=DMARC1; p=reject{tags}"]}))
    assert found == Policy(enforced=True, strict=frozenset(strict))


@pytest.mark.parametrize(
    ("records", "enforced"),
    [
        pytest.param({}, False, id="no record"),
        pytest.param({DOMAIN: ["v=DMARC1; p=reject"]}, True, id="the registrant's"),
        pytest.param({DOMAIN: ["v=DMARC1; p=none; sp=reject"]}, True, id="for subdomains"),
        pytest.param({DOMAIN: ["v=DMARC1; p=reject; sp=none"]}, False, id="not for subdomains"),
        pytest.param(
            {DOMAIN: ["v=DMARC1; p=reject"], BELOW: ["v=DMARC1; p=none"]}, False, id="its own"
        ),
        pytest.param(
            {DOMAIN: ["v=DMARC1; p=none"], BELOW: ["v=DMARC1; p=reject; sp=none"]},
            True,
            id="its own, not that for below",
        ),
        pytest.param(
            {DOMAIN: ["v=DMARC1; p=reject"], BELOW: ["something else"]}, True, id="another record"
        ),
        pytest.param(
            {DOMAIN: ["v=DMARC1; p=reject"], BELOW: ["v=DMARC1; p=none"] * 2}, False, id="two"
        ),
        pytest.param({"example": ["v=DMARC1; p=reject"]}, False, id="top-level domain's"),
    ],
)
def test_where_the_policy_of_a_subdomain_stands(
    records: Mapping[str, Sequence[str]], enforced: bool
) -> None:
    assert find_policy(BELOW, names(records)).enforced is enforced


REJECT = names({DOMAIN: ["v=DMARC1; p=reject"]})
QUARANTINE = names({DOMAIN: ["v=DMARC1; p=quarantine"]})
NONE = names({DOMAIN: ["v=DMARC1; p=none"]})
STRICT = names({DOMAIN: ["v=DMARC1; p=reject; adkim=s; aspf=s"]})
NOTHING = names({})


def evidence(*found: tuple[Method, str, Outcome]) -> list[Evidence]:
    return [Evidence(method, domain, outcome) for method, domain, outcome in found]


@pytest.mark.parametrize(
    ("found", "txt"),
    [
        pytest.param([(DKIM, DOMAIN, PASS)], REJECT, id="DKIM"),
        pytest.param([(SPF, DOMAIN, PASS)], REJECT, id="SPF"),
        pytest.param([(DKIM, DOMAIN, PASS)], NOTHING, id="no policy"),
        pytest.param([(DKIM, BELOW, PASS)], REJECT, id="relaxed"),
        pytest.param([(DKIM, BELOW, PASS)], NOTHING, id="relaxed without a policy"),
        pytest.param([(DKIM, DOMAIN, PASS)], STRICT, id="strict"),
        pytest.param(
            [(DKIM, DOMAIN, FAIL), (DKIM, DOMAIN, PASS)], REJECT, id="one signature of two"
        ),
        pytest.param([(DKIM, DOMAIN, FAIL), (SPF, DOMAIN, PASS)], REJECT, id="one method of two"),
        pytest.param([(DKIM, DOMAIN, PASS), (SPF, DOMAIN, UNKNOWN)], REJECT, id="SPF unknown"),
        pytest.param([(DKIM, DOMAIN, PASS)], dead, id="policy unknown"),
    ],
)
def test_verified(found: list[tuple[Method, str, Outcome]], txt: TextLookup) -> None:
    assert judge(DOMAIN, evidence(*found), txt) is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("found", "txt"),
    [
        pytest.param([], NOTHING, id="nothing"),
        pytest.param([], NONE, id="nothing is asked for"),
        pytest.param([], dead, id="policy unknown"),
        pytest.param([(DKIM, BELOW, PASS)], dead, id="policy unknown, perhaps strict"),
        pytest.param([(DKIM, DOMAIN, FAIL), (SPF, DOMAIN, FAIL)], NONE, id="failed, none"),
        pytest.param([(SPF, "evil.example", PASS)], NONE, id="of another domain"),
        pytest.param([(SPF, DOMAIN, UNKNOWN)], REJECT, id="SPF unknown"),
        pytest.param(
            [(DKIM, DOMAIN, FAIL), (SPF, DOMAIN, UNKNOWN)], REJECT, id="might have passed"
        ),
        pytest.param([(DKIM, DOMAIN, UNKNOWN), (SPF, DOMAIN, FAIL)], REJECT, id="key unknown"),
        pytest.param([(DKIM, BELOW, PASS), (SPF, DOMAIN, UNKNOWN)], STRICT, id="strict, unknown"),
    ],
)
def test_unverified(found: list[tuple[Method, str, Outcome]], txt: TextLookup) -> None:
    assert judge(DOMAIN, evidence(*found), txt) is Verdict.UNVERIFIED


@pytest.mark.parametrize(
    ("found", "txt"),
    [
        pytest.param([], REJECT, id="nothing"),
        pytest.param([], QUARANTINE, id="quarantine"),
        pytest.param([(DKIM, DOMAIN, FAIL), (SPF, DOMAIN, FAIL)], REJECT, id="both failed"),
        pytest.param([(DKIM, "evil.example", PASS)], REJECT, id="DKIM of another domain"),
        pytest.param([(SPF, "evil.example", PASS)], REJECT, id="SPF of another domain"),
        pytest.param([(SPF, "evil.example", UNKNOWN)], REJECT, id="would not have counted"),
        pytest.param([(DKIM, BELOW, PASS), (SPF, BELOW, PASS)], STRICT, id="strict"),
    ],
)
def test_failed(found: list[tuple[Method, str, Outcome]], txt: TextLookup) -> None:
    assert judge(DOMAIN, evidence(*found), txt) is Verdict.FAILED


def test_the_policy_is_not_asked_for_where_it_would_change_nothing() -> None:
    def never(name: str) -> Sequence[str]:
        raise AssertionError(name)

    assert judge(DOMAIN, evidence((SPF, DOMAIN, UNKNOWN)), never) is Verdict.UNVERIFIED


@given(st.lists(st.text("vDMARC1=; psnoerjctadkim", max_size=60), max_size=3), st.text(max_size=40))
def test_any_record_and_domain_have_a_verdict(records: list[str], domain: str) -> None:
    found = evidence((DKIM, domain, FAIL))
    assert judge(domain, found, lambda name: records) is not Verdict.VERIFIED
