"""The hashes of a body that DKIM signatures speak of (RFC 6376, section 3.4); computed where a mail is read."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BodyHashes:
    """SHA-256 of a body in both canonical forms."""

    simple: bytes
    relaxed: bytes


@dataclass(frozen=True, slots=True)
class Outline:
    """What a signature needs of a body: its MIME fields with the empty line, and the hash of what follows."""

    head: bytes
    body_hash: bytes


def body_hashes(raw: bytes) -> BodyHashes:
    """The hashes of the body of a mail, which has CRLF line ends; in linear time, unlike dkimpy's."""
    _, _, body = raw.partition(b"\r\n\r\n")
    simple = hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()
    return BodyHashes(simple, relaxed_hash(body))


def outline(body: bytes) -> Outline:
    """The outline of MIME fields and content."""
    end = 2 if body.startswith(b"\r\n") else body.index(b"\r\n\r\n") + 4
    return Outline(body[:end], relaxed_hash(body[end:]))


def relaxed_hash(body: bytes) -> bytes:
    """The hash of a body in the relaxed form (section 3.4.4), in which blanks and line ends may change on the way."""
    return hashlib.sha256(_relaxed(body)).digest()


def _relaxed(body: bytes) -> bytes:
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    lines = body.replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return lines + b"\r\n" if lines else b""
