"""Which domains have signed a mail as it came? (DKIM, RFC 6376)"""

import base64
import logging
from collections.abc import Callable, Iterator

import dkim

from mailflow.doors.authentication.resolver import Lookup
from mailflow.mail.authenticity import is_aligned
from mailflow.mail.bounded_message import MAX_HEADER_OCTETS
from mailflow.mail.dmarc import Evidence, Method, Outcome
from mailflow.mail.wire.body_hashes import BodyHashes

# Forwarders add one each on top; a mail passes a few.
MAX_SIGNATURES = 5
# The longest in use have 2.5 KB; dkimpy reads the folds of one in cubic time.
MAX_FIELD = 4_096
# An RSA key of 8,192 bits fits in. To compute with a much longer one takes minutes.
MAX_KEY_RECORD = 1_500

# RSA with SHA-1 proves nothing any more (RFC 8301, section 3.1).
_ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})
# Put on top a second time, the reader's is not the one that was signed (RFC 6376, section 8.15).
_SINGLE_FIELDS = (
    *(b"from", b"sender", b"reply-to", b"to", b"cc", b"date", b"subject", b"message-id"),
    *(b"in-reply-to", b"references", b"mime-version", b"content-type"),
    b"content-transfer-encoding",
)
# dkimpy tells of each bad signature that a stranger sends: nothing that an operator could mend.
_SILENT = logging.Logger("dkim", logging.CRITICAL + 1)


def check_signatures(
    raw: bytes, body: BodyHashes, domain: str, lookup: Lookup
) -> Iterator[Evidence]:
    """What the topmost signatures come to, of those that can stand for `domain`.

    `raw` has CRLF line ends, and `body` are the hashes of its body. A signature passes if it covers
    From and the whole body, whatever its `l=` says (RFC 6376, section 8.2).
    """
    head, _, _ = raw[:MAX_HEADER_OCTETS].partition(b"\r\n\r\n")
    try:
        mail = dkim.DKIM(head + b"\r\n\r\n", logger=_SILENT)
    except Exception:  # what dkimpy raises on hostile input is nowhere listed
        return
    fields = [value for name, value in mail.headers if name.lower() == b"dkim-signature"]
    for index, field in enumerate(fields[:MAX_SIGNATURES]):
        if len(field) <= MAX_FIELD:
            yield from _check(mail, body, index, domain, lookup)


def _check(
    mail: dkim.DKIM, body: BodyHashes, index: int, domain: str, lookup: Lookup
) -> Iterator[Evidence]:
    try:
        tags, signed, fields = mail.verify_headerprep(index)
        signer = tags[b"d"].decode("ascii").lower()
    except Exception:  # as above: no signature that could be checked
        return
    if not is_aligned(signer, domain):
        return
    # The body was looked at by us: dkimpy takes quadratic time.
    tags_of_header = {tag: value for tag, value in tags.items() if tag not in (b"bh", b"l")}
    try:
        passed = _is_sound(mail, body, tags, signed) and mail.verify_sig(
            tags_of_header, signed, fields[index], _key_lookup(lookup)
        )
        outcome = Outcome.PASS if passed else Outcome.FAIL
    except TimeoutError:
        outcome = Outcome.UNKNOWN
    except Exception:  # as above
        outcome = Outcome.FAIL
    yield Evidence(Method.DKIM, signer, outcome)


def _is_sound(
    mail: dkim.DKIM, body: BodyHashes, tags: dict[bytes, bytes], signed: list[bytes]
) -> bool:
    """Whether a signature, if its own is right, covers what a reader will see."""
    is_relaxed = tags.get(b"c", b"").partition(b"/")[2] == b"relaxed"
    present = [name.lower() for name, _ in mail.headers]
    return (
        tags[b"a"] in _ALGORITHMS
        and b"from" in signed
        and all(present.count(one) <= signed.count(one) for one in _SINGLE_FIELDS if one in signed)
        and base64.b64decode(tags[b"bh"]) == (body.relaxed if is_relaxed else body.simple)
    )


def _key_lookup(lookup: Lookup) -> Callable[..., bytes | None]:
    def key(name: bytes, timeout: float) -> bytes | None:
        record = next(iter(lookup(name.decode("ascii"), "TXT")), "").encode("latin-1")
        return record if len(record) <= MAX_KEY_RECORD else None

    return key
