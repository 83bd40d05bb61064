"""Signatures of ours, checked by dkimpy, and by our own eyes for the mail of others."""

import base64
from datetime import UTC, datetime
from time import process_time

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from mailflow.doors.authentication.signatures import check_signatures
from mailflow.mail.dmarc import Outcome
from mailflow.mail.wire.body_hashes import body_hashes
from mailflow.mail.wire.signing import Signer, new_key
from tests.conftest import Figure, Golden
from tests.doors.authentication.domains import RSA, SHORT_RSA, Names

DOMAIN = "flow.example.com"
AT = datetime(2024, 11, 25, 9, tzinfo=UTC)  # none is believed that is of the future
MESSAGE = (
    b'From: "Dana Coach" <dana+token@flow.example.com>\r\n'
    b"Reply-To: <dana+token@flow.example.com>\r\n"
    b"To: <joe@client.example>\r\n"
    b"Subject: Re: A  question\r\n that goes on\r\n"
    b"Message-ID: <1@flow.example.com>\r\n"
    b"In-Reply-To: <2@client.example>\r\n"
    b"References: <3@client.example>\r\n <2@client.example>\r\n"
    b"List-Id: <talk.example.com>\r\n"
    b"X-Other: not signed\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"\r\nHello Joe,\r\n\r\nten  o'clock\t then. \r\n\r\n"
)


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


SIGNERS = [
    pytest.param(Signer.read(DOMAIN, "one", RSA), id="rsa"),
    pytest.param(
        Signer.read(DOMAIN, "two", pem(Ed25519PrivateKey.from_private_bytes(bytes(32)))),
        id="ed25519",
    ),
]


def text(signer: Signer) -> str:
    """The record as DNS hands it out: its strings joined."""
    return "".join(signer.record.split('"')[1::2])


def dkimpy_passes(signer: Signer, raw: bytes) -> bool:
    records = {f"{signer.name}.".encode(): text(signer).encode()}
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout: records.get(name, b"")))


def we_pass(signer: Signer, raw: bytes) -> bool:
    names = Names({(signer.name, "TXT"): [text(signer)]})
    found = check_signatures(raw, body_hashes(raw), DOMAIN, names)
    return [one.outcome for one in found] == [Outcome.PASS]


@pytest.mark.parametrize("signer", SIGNERS)
def test_a_signature_passes(signer: Signer) -> None:
    raw = signer.sign(MESSAGE, AT) + MESSAGE
    assert dkimpy_passes(signer, raw)
    assert we_pass(signer, raw)


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"ten  o'clock", b"two o'clock"),
        (b"A  question", b"An answer"),
        (b"<1@flow", b"<9@flow"),
        (b"<2@client.example>\r\nReferences", b"<9@client.example>\r\nReferences"),
        (b"<talk.", b"<walk."),
        (b"text/plain", b"text/html"),
        (b"From:", b"From: <eve@evil.example>\r\nFrom:"),
        (b"X-Other:", b"From: <eve@evil.example>\r\nX-Other:"),
        (b"then. \r\n", b"then. \r\nP.S. Pay here.\r\n"),
    ],
)
def test_what_was_changed_does_not_pass(signer: Signer, was: bytes, becomes: bytes) -> None:
    changed = signer.sign(MESSAGE, AT) + MESSAGE.replace(was, becomes, 1)
    assert MESSAGE.count(was)
    assert not dkimpy_passes(signer, changed)
    assert not we_pass(signer, changed)


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"A  question\r\n that", b"A question that"),
        (b"ten  o'clock\t then. ", b"ten o'clock then."),
        (b"\r\n\r\n\r\n", b"\r\n"),
        (b"not signed", b"changed"),
        (b"From:", b"Received: by mx.example\r\nFrom:"),
    ],
)
def test_what_transport_may_change_passes(signer: Signer, was: bytes, becomes: bytes) -> None:
    changed = signer.sign(MESSAGE, AT) + MESSAGE.replace(was, becomes, 1)
    assert dkimpy_passes(signer, changed)
    assert we_pass(signer, changed)


@pytest.mark.parametrize("signer", SIGNERS)
def test_the_field(signer: Signer, golden: Golden) -> None:
    field = signer.sign(MESSAGE, AT)
    golden(f"signature-{signer.selector}.txt", field)
    assert field == signer.sign(MESSAGE, AT)
    assert max(map(len, field.split(b"\r\n"))) <= 78
    tags = dict(one.strip().split(b"=", 1) for one in field.partition(b":")[2].split(b";"))
    assert b"l" not in tags
    assert tags[b"c"] == b"relaxed/relaxed"
    signed = b"".join(tags[b"h"].split()).split(b":")
    assert signed.count(b"from") == 2
    assert {b"message-id", b"in-reply-to", b"references", b"list-id"} <= set(signed)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"From", b"SUBJECT", b"to", b"X-Any", b"List-Id"]),
            st.text(" \tab=;:,", max_size=90).map(str.encode),
        ),
        max_size=12,
    ),
    st.text(" \tab.\n", max_size=200).map(lambda t: t.replace("\n", "\r\n").encode()),
)
def test_whatever_is_signed_passes(fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    head = b"".join(b"%b: x%b\r\n" % field for field in [(b"From", b""), *fields])
    message = head + b"\r\n" + body + b"\r\n"
    (signer,) = SIGNERS[1].values
    assert isinstance(signer, Signer)
    raw = signer.sign(message, AT) + message
    assert dkimpy_passes(signer, raw)
    assert we_pass(signer, raw)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"v=DKIM1",
        SHORT_RSA,
        RSA[:200],
        pem(ec.generate_private_key(ec.SECP256R1())),
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_key_to_sign_with(key: bytes) -> None:
    with pytest.raises(ValueError, match="is no"):
        Signer.read(DOMAIN, "one", key)


def test_a_new_key_signs_and_its_record_fits_into_strings_of_dns() -> None:
    signer = Signer.read(DOMAIN, "one", new_key())
    assert len(base64.b64decode(signer.public_key)) == 294
    assert all(len(one) <= 255 for one in signer.record.split('"')[1::2])
    assert we_pass(signer, signer.sign(MESSAGE, AT) + MESSAGE)


def test_the_key_is_in_no_repr() -> None:
    (signer,) = SIGNERS[0].values
    assert "PRIVATE" not in repr(signer) and "0x" not in repr(signer)


def test_signing_is_cheap(figure: Figure) -> None:
    """The least of some rounds: the machine may be busy with other things."""
    (signer,) = SIGNERS[0].values
    assert isinstance(signer, Signer)
    message = MESSAGE + b"A line of a mail of five kilobytes or so.\r\n" * 110
    rounds = []
    for _ in range(20):
        begin = process_time()
        for _ in range(10):
            signer.sign(message, AT)
        rounds.append((process_time() - begin) / 10)
    figure("signing 5 kB, RSA-2048, CPU ms", round(min(rounds) * 1000, 2))
    begin = process_time()
    dkim.sign(message, b"one", DOMAIN.encode(), RSA)
    assert min(rounds) < (process_time() - begin) / 2
