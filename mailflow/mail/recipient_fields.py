"""The recipients that a server in front wrote into the header, where it rewrites the envelope (X-Original-To)."""

from collections.abc import Sequence
from email import message_from_bytes

from mailflow.mail.addresses import people
from mailflow.mail.wire.raw_headers import raw_headers

MOST_OCTETS = 256 * 1024
"""Of a header; what is longer was not read at all."""


def recipients_named(raw: bytes, fields: Sequence[str]) -> tuple[str, ...]:
    """The addresses in the header fields called `fields`, each once, in their order."""
    header = raw[:MOST_OCTETS].partition(b"\r\n\r\n")[0]
    found = raw_headers(message_from_bytes(header + b"\r\n\r\n").raw_items())
    named = people(found.values(*(field.lower() for field in fields)))
    return tuple(dict.fromkeys(person.address for person in named))
