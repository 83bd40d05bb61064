"""DKIM signatures of what goes out, over the bytes as they are sent (RFC 6376; RFC 8463 for Ed25519).

OpenSSL computes them, in a tenth of the time that Python takes for RSA.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from mailflow.mail.wire.body_hashes import relaxed_hash

KEY_BITS = 2_048
"""Of a new key: all can check it, and its record fits into an answer of DNS (RFC 8301, section 3.2)."""

SHORTEST_KEY_BITS = 1_024
"""What nobody may refuse for its length alone (RFC 8301, section 3.2)."""

# What a reader sees or a program acts upon; the trace of servers on the way is theirs.
_SIGNED = frozenset(
    {
        *(b"from", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id"),
        *(b"in-reply-to", b"references", b"auto-submitted", b"mime-version", b"content-type"),
        *(b"content-transfer-encoding", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"),
        *(b"list-help", b"list-post", b"list-owner", b"list-archive", b"mailflow-conversation"),
        b"mailflow-kind",
    }
)
_FIELD = re.compile(rb"([!-9;-~]+)[\t ]*:((?:[^\r]++|\r\n[\t ])*+)\r\n")
_BLANKS = re.compile(rb"[\t\r\n ]+")
_LINE = 72
_STRING = 255  # octets of one string of a TXT record (RFC 1035, section 3.3)

Key = RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """The key of a domain, and the selector under which its public half stands in DNS."""

    domain: str
    selector: str
    _key: Key = field(repr=False)

    @classmethod
    def read(cls, domain: str, selector: str, pem: bytes) -> "Signer":
        """A signer from a private key in PEM; ValueError says what is wrong with it."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it wants a password
            raise ValueError("is no private key in PEM without a password") from None
        if isinstance(key, RSAPrivateKey) and key.key_size >= SHORTEST_KEY_BITS:
            return cls(domain, selector, key)
        if isinstance(key, Ed25519PrivateKey):
            return cls(domain, selector, key)
        raise ValueError(f"is no key for RSA of {SHORTEST_KEY_BITS} bits or more, or for Ed25519")

    @property
    def name(self) -> str:
        """Where the public key stands in DNS."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def public_key(self) -> str:
        """The public key as a record has it (RFC 6376, section 3.6.1; RFC 8463, section 4)."""
        if isinstance(self._key, Ed25519PrivateKey):
            return _base64(self._key.public_key().public_bytes_raw())
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return _base64(public)

    @property
    def record(self) -> str:
        """The TXT record of the public key, in as many strings as it takes."""
        kind = "ed25519" if isinstance(self._key, Ed25519PrivateKey) else "rsa"
        text = f"v=DKIM1; k={kind}; p={self.public_key}"
        strings = [text[begin : begin + _STRING] for begin in range(0, len(text), _STRING)]
        return " ".join(f'"{one}"' for one in strings)

    def sign(self, message: bytes, at: datetime, body_hash: bytes | None = None) -> bytes:
        """The DKIM-Signature field, with its CRLF, to be put before `message`; the same from the same values.

        With the relaxed hash of its body, which may be big, the header of the message is enough.
        From is signed once more than it is there, so that nobody puts a second one before it (section 8.15).
        """
        head, _, body = message.partition(b"\r\n\r\n")
        fields = _signed_fields(head + b"\r\n")
        names = [*(name for name, _ in fields), b"from"]
        unsigned = self._unsigned(names, body_hash or relaxed_hash(body), at)
        lines = [_relaxed(name, value) + b"\r\n" for name, value in fields]
        signed = b"".join(lines) + _relaxed(b"dkim-signature", unsigned)
        signature = _base64(self._signature(signed))
        # It begins right behind its tag: some keep the blank of a fold there when they take it out.
        first, rest = signature[: _LINE - 4], signature[_LINE - 4 :]
        folds = (f"\r\n {rest[at : at + _LINE]}" for at in range(0, len(rest), _LINE))
        return b"DKIM-Signature:" + unsigned + (first + "".join(folds)).encode() + b"\r\n"

    def _unsigned(self, names: list[bytes], body_hash: bytes, at: datetime) -> bytes:
        """What stands after the field's colon, up to the signature itself."""
        algorithm = "ed25519" if isinstance(self._key, Ed25519PrivateKey) else "rsa"
        text = (
            f" v=1; a={algorithm}-sha256; c=relaxed/relaxed; d={self.domain};\r\n"
            f" s={self.selector}; t={int(at.timestamp())};\r\n"
            f" h={_folded_names(names)};\r\n"
            f" bh={_base64(body_hash)};\r\n"
            f" b="
        )
        return text.encode("ascii")

    def _signature(self, signed: bytes) -> bytes:
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(sha256(signed).digest())
        return self._key.sign(signed, PKCS1v15(), SHA256())


def new_key() -> bytes:
    """A fresh RSA key in PEM."""
    return generate_private_key(65_537, KEY_BITS).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _signed_fields(head: bytes) -> list[tuple[bytes, bytes]]:
    """The fields that are signed, from the bottom up: of several of one name the last counts first (section 5.4.2)."""
    found = [(match[1].lower(), match[2]) for match in _FIELD.finditer(head)]
    return [(name, value) for name, value in reversed(found) if name in _SIGNED]


def _relaxed(name: bytes, value: bytes) -> bytes:
    """A field in its canonical form, without its line end (section 3.4.2)."""
    return name + b":" + _BLANKS.sub(b" ", value).strip(b" ")


def _folded_names(names: list[bytes]) -> str:
    return ":".join(_folding(names))


def _folding(names: list[bytes]) -> Iterator[str]:
    room = _LINE
    for name in names:
        room -= len(name) + 1
        if room < 0:
            room = _LINE - len(name) - 1
            yield f"\r\n {name.decode()}"
        else:
            yield name.decode()


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
