"""What a domain asks to be done with mail in its name that nothing proves (DMARC, RFC 7489)."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from mailflow.mail.authenticity import Verdict, is_aligned, organisational

TextLookup = Callable[[str], Sequence[str]]
"""The TXT records of a name; raises TimeoutError where they cannot be found out for now."""

_VERSION = re.compile(r"v\s*=\s*DMARC1\s*(?:;|\Z)")
_REQUESTS = frozenset({"none", "quarantine", "reject"})


class Method(Enum):
    """How a domain vouches for a mail."""

    DKIM = "dkim"
    SPF = "spf"


class Outcome(Enum):
    """What checking came to; `UNKNOWN` is neither proof nor the lack of it."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one method found about a domain, or an address at one, that it looked at."""

    method: Method
    identity: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain asks for: whether mail that fails is to be kept back, and by which method only
    the very domain counts, instead of any of the same registrant.

    A share (`pct`) is not honoured: what we keep back a host can let through, and the same mail
    must not have another verdict when it is tried again.
    """

    enforced: bool = False
    strict: frozenset[Method] = frozenset()

    def accepts(self, found: Evidence, domain: str) -> bool:
        """Whether `found` proves that a mail is from `domain`."""
        aligned = is_aligned(found.identity, domain, strict=found.method in self.strict)
        return aligned and found.outcome is Outcome.PASS


_NO_POLICY = Policy()
# It may be strict, and what is not known must not keep a mail back.
_UNKNOWN_POLICY = Policy(strict=frozenset(Method))


def judge(domain: str, evidence: Iterable[Evidence], txt: TextLookup) -> Verdict:
    """The verdict on a mail whose author is at `domain`.

    It fails only where nothing can have passed: what is unknown might have.
    """
    aligned = [found for found in evidence if is_aligned(found.identity, domain)]
    outcomes = {found.outcome for found in aligned}
    if Outcome.PASS not in outcomes and Outcome.UNKNOWN in outcomes:
        return Verdict.UNVERIFIED
    policy = find_policy(domain, txt)
    if any(policy.accepts(found, domain) for found in aligned):
        return Verdict.VERIFIED
    failed = policy.enforced and Outcome.UNKNOWN not in outcomes
    return Verdict.FAILED if failed else Verdict.UNVERIFIED


def find_policy(domain: str, txt: TextLookup) -> Policy:
    """The policy for mail from `domain`: its own, else its registrant's (RFC 7489, section 6.6.3)."""
    registered = organisational(domain)
    try:
        records = _records(domain, txt)
        inherited = not records and registered != domain
        if inherited:
            records = _records(registered, txt)
    except TimeoutError:
        return _UNKNOWN_POLICY
    return _read(records[0], inherited) if len(records) == 1 else _NO_POLICY


def _records(domain: str, txt: TextLookup) -> list[str]:
    return [record for record in txt(f"_dmarc.{domain}") if _VERSION.match(record)]


def _read(record: str, inherited: bool) -> Policy:
    """The policy that a record states (RFC 7489, section 6.3); `inherited` by a subdomain."""
    tags: dict[str, str] = {}
    for name, _, value in (tag.partition("=") for tag in record.lower().split(";")):
        tags.setdefault(name.strip(), value.strip())
    own = tags.get("p", "")
    below = tags.get("sp", own)
    # A record with a wrong request asks for nothing (section 6.6.3, step 6).
    sound = {own, below} <= _REQUESTS
    return Policy(
        enforced=sound and (below if inherited else own) != "none",
        strict=frozenset(
            method
            for method, tag in ((Method.DKIM, "adkim"), (Method.SPF, "aspf"))
            if tags.get(tag) == "s"
        ),
    )
