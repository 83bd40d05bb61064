"""What the trusted border wrote of a mail's From into Authentication-Results (RFC 8601, RFC 7489)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, takewhile

from mailflow.mail.authenticity import Verdict, author_domain, is_aligned, organisational
from mailflow.mail.reading import Mail, TraceField
from mailflow.mail.text.lexing import Kind, Token, lex

_BY = re.compile(r"\bby\s+([A-Za-z0-9._-]+)")
# Where the domain's policy stands: "(p=REJECT sp=NONE dis=NONE)" of Gmail and OpenDMARC,
# "(policy=reject)" of rspamd, properties of authheaders and Fastmail; Microsoft names what it did
# ("oreject": rejected, and overridden).
_POLICY_NAMES = ("p", "policy", "policy.dmarc", "policy.published-domain-policy", "action")
_STRICT_POLICY = re.compile(r"(?:o|o\.|pct\.)?(?:quarantine|reject)")
_IDENTITIES = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}


@dataclass(frozen=True, slots=True)
class _Result:
    """What one method found: its properties, and the `name=value` words of its comments."""

    method: str
    result: str
    properties: Mapping[str, str]
    remarks: Mapping[str, str]


def believe(mail: Mail, trusted: str) -> Verdict:
    """The verdict on a mail's From, from what the server `trusted` wrote about it."""
    domain = author_domain(mail)
    results = list(_trusted_results(mail.trace, trusted))
    failures = [found for found in results if (found.method, found.result) == ("dmarc", "fail")]
    if failures:
        strict = any(_is_strict(failure, domain) for failure in failures)
        return Verdict.FAILED if strict else Verdict.UNVERIFIED
    passed = any(_is_aligned_pass(found, domain) for found in results)
    return Verdict.VERIFIED if passed else Verdict.UNVERIFIED


def _trusted_results(trace: Iterable[TraceField], trusted: str) -> Iterator[_Result]:
    """The results of the trusted server: of each method those in the topmost field that has any.

    Each of its filters writes a field, and a sender may have put more of the kind below them.
    """
    decided: set[str] = set()
    for field in _above_untrusted(trace, trusted):
        results = list(_results(field.value, trusted)) if field.name != "received" else []
        yield from (found for found in results if found.method not in decided)
        decided |= {found.method for found in results}


def _above_untrusted(trace: Iterable[TraceField], trusted: str) -> Iterator[TraceField]:
    """The fields above the first Received that the trusted server did not write.

    Some servers put their results above their own Received; Gmail, and Postfix with filters, below.
    """
    return takewhile(
        lambda field: field.name != "received" or _is_written_by(field.value, trusted), trace
    )


def _is_written_by(received: str, trusted: str) -> bool:
    # Comments hold what the client said of itself.
    words = (" " if token.kind is Kind.COMMENT else token.text for token in lex(received, ""))
    by = _BY.search("".join(words))
    return by is not None and _same_host(by[1], trusted)


def _results(value: str, trusted: str) -> Iterator[_Result]:
    """The results in an Authentication-Results value, none if another server wrote it."""
    groups = groupby(lex(value, ";"), key=lambda token: token.kind is Kind.SPECIAL)
    segments = [list(tokens) for is_semicolon, tokens in groups if not is_semicolon]
    # A version may follow the name of the server (RFC 8601, section 2.2).
    server = next((words[0] for words in map(_words, segments[:1]) if words), "")
    if not _same_host(server, trusted):
        return
    for segment in segments[1:]:
        properties = _pairs(_words(segment))
        comments = [token.content.lower() for token in segment if token.kind is Kind.COMMENT]
        for method, result in list(properties.items())[:1]:
            remarks = _pairs(" ".join(comments).replace(",", " ").split())
            yield _Result(method.partition("/")[0], result, properties, remarks)


def _words(tokens: Iterable[Token]) -> list[str]:
    """What stands between blanks and comments, quotes resolved, in lower case."""
    between = (Kind.SPACE, Kind.COMMENT)
    groups = groupby(tokens, key=lambda token: token.kind in between)
    return ["".join(t.content for t in group).lower() for is_gap, group in groups if not is_gap]


def _pairs(words: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for name, equals, value in (word.partition("=") for word in words):
        if equals:
            pairs.setdefault(name, value)
    return pairs


def _is_strict(failure: _Result, domain: str) -> bool:
    """Whether the policy of the domain that DMARC fails for is quarantine or reject."""
    stated = {**failure.remarks, **failure.properties}
    # sp is the policy for the subdomains that have no record of their own (RFC 7489, section 6.3).
    names = _POLICY_NAMES if domain == organisational(domain) else (*_POLICY_NAMES, "sp")
    return any(_STRICT_POLICY.fullmatch(stated.get(name, "")) for name in names)


def _is_aligned_pass(found: _Result, domain: str) -> bool:
    """Whether a domain in relaxed alignment with `domain` passed (RFC 7489, section 3.1)."""
    if found.result != "pass":
        return False
    if found.method == "dmarc":
        return is_aligned(found.properties.get("header.from", domain), domain)
    names = _IDENTITIES.get(found.method, ())
    identity = next((found.properties[name] for name in names if name in found.properties), "")
    return is_aligned(identity, domain)


def _same_host(one: str, other: str) -> bool:
    return one.rstrip(".").lower() == other.rstrip(".").lower()
