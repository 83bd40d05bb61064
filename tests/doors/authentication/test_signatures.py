"""Mails signed by their domain, well or badly, and signatures made to be slow."""

import base64
import time
from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailflow.doors.authentication.signatures import check_signatures
from mailflow.mail.dmarc import Evidence, Outcome
from mailflow.mail.wire.body_hashes import body_hashes
from tests.doors.authentication.domains import (
    RSA_RECORD,
    SHORT_RSA,
    Names,
    Records,
    keys,
    signed,
    signed_with_ed25519,
    text,
)

DOMAIN = "client.example"
KEYS = keys(DOMAIN)


def check(raw: bytes, names: Names) -> Iterator[Evidence]:
    return check_signatures(raw, body_hashes(raw), DOMAIN, names)


def outcomes(
    raw: bytes, records: Records = KEYS, dead: tuple[str, ...] = ()
) -> list[tuple[str, Outcome]]:
    found = check(raw, Names(records, dead))
    return [(one.identity, one.outcome) for one in found]


def only_outcome(raw: bytes, records: Records = KEYS, dead: tuple[str, ...] = ()) -> Outcome:
    ((domain, outcome),) = outcomes(raw, records, dead)
    assert domain == DOMAIN
    return outcome


@pytest.mark.parametrize("header_form", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body_form", [b"simple", b"relaxed"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("Hello,\r\n\r\nA  line\t .\r\n", id="words"),
        pytest.param("Hello  \r\n \t\r\nDana \t \r\n", id="blanks at the ends of lines"),
        pytest.param("Hello\r\n\r\n\r\n", id="empty lines at the end"),
        pytest.param("\r\n\r\n", id="only empty lines"),
        pytest.param("", id="nothing"),
        pytest.param(" ", id="one blank"),
    ],
)
def test_each_canonical_form_passes(body: str, header_form: bytes, body_form: bytes) -> None:
    raw = signed(text(body=body), forms=(header_form, body_form))
    assert only_outcome(raw) is Outcome.PASS


def test_ed25519_passes() -> None:
    assert only_outcome(signed_with_ed25519(text())) is Outcome.PASS


def test_a_body_that_differs_in_blanks_alone_passes_relaxed() -> None:
    raw = signed(text()).replace(b"A  line\t .", b"A line .  ")
    assert only_outcome(raw) is Outcome.PASS


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(signed(text()).replace(b"Hello", b"Hallo"), id="body changed"),
        pytest.param(signed(text()) + b"more\r\n", id="body longer"),
        pytest.param(signed(text()).replace(b"A question", b"An answer"), id="subject changed"),
        pytest.param(b"From: eve@evil.example\r\n" + signed(text()), id="second From"),
        pytest.param(b"Subject: Another\r\n" + signed(text()), id="second Subject"),
        pytest.param(b"Content-Type: text/html\r\n" + signed(text()), id="second Content-Type"),
        pytest.param(signed(text(), length=True) + b"more\r\n", id="l= shorter than the body"),
        pytest.param(signed(text(), tags={b"t": b"900000000", b"x": b"1000000000"}), id="expired"),
        pytest.param(signed(text(), tags={b"t": b"99999999999"}), id="from the future"),
        pytest.param(signed(text(), algorithm=b"rsa-sha1"), id="SHA-1"),
        pytest.param(signed(text(), selector="short", key=SHORT_RSA), id="key of 768 bits"),
        pytest.param(signed(text(), selector="unknown"), id="no key"),
        pytest.param(signed(text(), tags={b"bh": b"!"}), id="no body hash"),
    ],
)
def test_what_does_not_pass(raw: bytes) -> None:
    assert Outcome.PASS not in [outcome for _, outcome in outcomes(raw)]


def test_a_signature_that_expires_later_passes() -> None:
    assert only_outcome(signed(text(), tags={b"x": b"99999999999"})) is Outcome.PASS


def test_a_length_that_is_the_whole_body_passes() -> None:
    assert only_outcome(signed(text(), length=True)) is Outcome.PASS


def test_from_must_be_signed() -> None:
    raw = signed(text(), tags={b"h": b"subject"})
    assert only_outcome(raw) is Outcome.FAIL


def test_signatures_of_other_domains_are_not_asked_for() -> None:
    names = Names(keys("evil.example"))
    assert not list(check(signed(text(), "evil.example"), names))
    assert not names.asked


def test_every_signature_that_can_stand_for_the_domain_counts() -> None:
    raw = signed(text())
    raw = signed(raw, "list.example")
    raw = signed(raw.replace(b"A question", b"A  question"), f"mail.{DOMAIN}")
    found = outcomes(raw, {**KEYS, **keys("list.example", f"mail.{DOMAIN}")})
    assert found == [(f"mail.{DOMAIN}", Outcome.PASS), (DOMAIN, Outcome.PASS)]


def test_only_the_topmost_signatures_are_looked_at() -> None:
    raw = text()
    for _ in range(7):
        raw = signed(raw)
    names = Names(KEYS)
    assert len(list(check(raw, names))) == len(names.asked) == 5


def test_a_key_that_cannot_be_found_out_is_unknown() -> None:
    assert only_outcome(signed(text()), dead=(f"rsa._domainkey.{DOMAIN}",)) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "record",
    [
        pytest.param("", id="empty"),
        pytest.param("v=DKIM1; p=", id="revoked"),
        pytest.param("v=DKIM2" + RSA_RECORD[7:], id="another version"),
        pytest.param("v=DKIM1; k=dsa; p=AAAA", id="another kind"),
        pytest.param("v=DKIM1; k=ed25519; p=AAAA", id="no Ed25519 key"),
        pytest.param("v=DKIM1; p=MAo=", id="cut short"),
        pytest.param("v=DKIM1; p=MAYCAQACAQA=", id="zeros"),
        pytest.param(RSA_RECORD + "A" * 60_000, id="enormous"),
        pytest.param("\xff\x00", id="no text"),
    ],
)
def test_keys_that_are_none(record: str) -> None:
    records: Records = {(f"rsa._domainkey.{DOMAIN}", "TXT"): [record]}
    assert only_outcome(signed(text()), records) is Outcome.FAIL


BODY_HASH = base64.b64encode(sha256(b"Hello,\r\n\r\nA line .\r\n").digest()).decode()
SOUND = f"v=1; a=rsa-sha256; d={DOMAIN}; s=rsa; c=relaxed/relaxed; bh={BODY_HASH}; "


def test_the_hostile_signatures_are_looked_into() -> None:
    raw = f"DKIM-Signature: {SOUND} h=from; b=AAAA\r\n".encode() + text()
    names = Names(KEYS)
    assert [one.outcome for one in check(raw, names)] == [Outcome.FAIL]
    assert names.asked


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(SOUND + "h=from; b=AAAA" + "\r\n " * 900 + "; q=!", id="folds after it"),
        pytest.param(
            SOUND + "b=AAAA; h=from" + " " * 3_000 + ":to", id="some blanks in the fields"
        ),
        pytest.param(SOUND + "h=from; b=" + "\r\n " * 900 + "!", id="folds in the signature"),
        pytest.param(SOUND + "h=from; b=A;b" + " \r\n " * 900 + "!", id="folds after a b"),
        pytest.param(SOUND + "b=AAAA; h=from" + " " * 100_000 + "x", id="blanks in the fields"),
        pytest.param(SOUND + "b=AAAA; h=" + ":".join(map(str, range(20_000))), id="many fields"),
        pytest.param(SOUND + "b=AAAA; h=" + ":".join(map(str, range(700))), id="quite many"),
        pytest.param(SOUND + "b=" + " " * 3_000 + "!; h=from", id="blanks in the signature"),
        pytest.param(SOUND + "b=AAAA; h=from; l=" + "9" * 3_000, id="long number"),
        pytest.param("=;" * 50_000, id="no tags"),
        pytest.param(SOUND * 1_000, id="doubled tags"),
    ],
)
def test_hostile_signatures_take_little_time(value: str) -> None:
    fields = "".join(f"X-{n}: y\r\n" for n in range(900))
    raw = (f"DKIM-Signature: {value}\r\n" * 8).encode() + fields.encode() + text()
    start = time.process_time()
    assert Outcome.PASS not in [outcome for _, outcome in outcomes(raw)]
    assert time.process_time() - start < 2


@pytest.mark.parametrize("piece", [b" ", b"\t ", b"a ", b"\r\n", b" \r\n", b"a"])
def test_bodies_take_linear_time(piece: bytes) -> None:
    raw = signed(text()) + piece * (5_000_000 // len(piece)) + b"x\r\n"
    start = time.process_time()
    assert only_outcome(raw) is Outcome.FAIL
    assert time.process_time() - start < 2


@settings(max_examples=200)
@given(
    st.text("vabhcdlstx=;: \r\n\t/+@.\x00\xff0123456789", max_size=200),
    st.text("vkps=;: ADKIM1+/\xff", max_size=80),
)
def test_any_signature_comes_to_something(value: str, key: str) -> None:
    records: Records = {(f"rsa._domainkey.{DOMAIN}", "TXT"): [key]}
    for prefix in ("", SOUND):
        raw = f"DKIM-Signature: {prefix}{value}\r\n".encode() + signed(text())
        assert Outcome.PASS not in [outcome for _, outcome in outcomes(raw, records)]


@given(st.binary(max_size=300))
def test_any_mail_comes_to_something(raw: bytes) -> None:
    assert not outcomes(raw)
