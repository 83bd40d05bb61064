"""Whether a mail is from its From, and which domains vouch for it (RFC 7489, section 3)."""

from enum import StrEnum

import publicsuffix2

from mailflow.mail.addresses import normalise, split
from mailflow.mail.reading import Mail


class Verdict(StrEnum):
    """How sure it is that a mail is from its From."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    FAILED = "failed"


def author_domain(mail: Mail) -> str:
    """The domain of the author's address, in A-labels and lower case; empty without an author."""
    return split(normalise(mail.author.address))[1]


def organisational(domain: str) -> str:
    """The domain that somebody registered (RFC 7489, section 3.2)."""
    listed: str | None = publicsuffix2.get_sld(domain, strict=True)
    # The list's rule for top-level domains that it does not know: one label more was registered.
    return listed or ".".join(domain.split(".")[-2:])


def is_aligned(identity: str, domain: str, *, strict: bool = False) -> bool:
    """Whether `identity`, a domain or an address at one, stands for `domain` (RFC 7489, section 3.1).

    Strict is the same domain; relaxed, one of the same registrant.
    """
    vouching = split(normalise(f"@{identity.rpartition('@')[2]}"))[1]
    if not domain:
        return False
    return vouching == domain if strict else organisational(vouching) == organisational(domain)
