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
    return BodyHashes(
        simple=hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest(),
        relaxed=hashlib.sha256(_relaxed(body)).digest(),
    )


def _relaxed(body: bytes) -> bytes:
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    lines = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""
