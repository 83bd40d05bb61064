"""The hashes of a body that DKIM signatures speak of (RFC 6376, section 3.4); computed where a mail is read."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BodyHashes:
    """SHA-256 of a body in both canonical forms."""

    simple: bytes
    relaxed: bytes


def body_hashes(raw: bytes) -> BodyHashes:
    """The hashes of the body of a mail, which has CRLF line ends; in linear time, unlike dkimpy's."""
    _, _, body = raw.partition(b"\r\n\r\n")
    simple = hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()
    return BodyHashes(simple, relaxed_hash(body))


def relaxed_hash(body: bytes) -> bytes:
    """The hash of a body in the relaxed form (section 3.4.4), in which blanks and line ends may change on the way."""
    return hashlib.sha256(_relaxed(body)).digest()


def _relaxed(body: bytes) -> bytes:
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    lines = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""
