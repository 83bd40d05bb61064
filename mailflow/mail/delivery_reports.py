"""Delivery reports: what became of a mail at each recipient, as servers on its way say it (RFC 3464).

Exim names the recipients in a header field of its own, and qmail in plain words alone; both are read too.
Nothing in a report is proven: who may act on it must know where it came to.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from mailflow.errors import Unreadable
from mailflow.mail import message_ids
from mailflow.mail.addresses import normalise, people
from mailflow.mail.text.charsets import decoded
from mailflow.mail.text.cleaning import clean_line
from mailflow.mail.wire import mime_parts
from mailflow.mail.wire.mime_encoding import with_crlf
from mailflow.mail.wire.mime_parts import Field, Part

# We mail each recipient on their own: more come from a server that expands a list.
MAX_RECIPIENTS = 100
# Explanations have a page or two; the copy of a mail that may follow is not looked for any further.
MAX_EXPLANATION = 100_000
# Gmail's diagnostics have some 400 characters, and Exchange's a page that nobody reads.
MAX_DIAGNOSTIC = 500
MAX_REASON_LINES = 20
MAX_ADDRESS = 320

_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_REPLY_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
_MESSAGE_ID = re.compile(r"^message-id:\s{0,9}(<[^<>\r\n]{1,512}>)", re.IGNORECASE | re.MULTILINE)
_QMAIL_BEGINS = "Hi. This is the"
_QMAIL_RECIPIENT = re.compile(r"<([^<>\s]{1,320}@[^<>\s]{1,320})>:")
# 5.1.7 and 5.1.8 speak of the sender's address (RFC 3463, section 3.2).
_SENDER_STATUSES = frozenset({"5.1.7", "5.1.8"})


class Fate(IntEnum):
    """What became of a mail at one recipient, the mildest first."""

    ON_ITS_WAY = 0
    """Delivered, relayed or expanded."""
    DELAYED = 1
    FAILED = 2


_FATES = {
    "delivered": Fate.ON_ITS_WAY,
    "relayed": Fate.ON_ITS_WAY,
    "expanded": Fate.ON_ITS_WAY,
    "delayed": Fate.DELAYED,
    "failed": Fate.FAILED,
}
_FATES_BY_CLASS = {"2": Fate.ON_ITS_WAY, "4": Fate.DELAYED, "5": Fate.FAILED}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a report says of one recipient.

    `recipient` is the address in the end, `original` the one that was mailed, where it is told. `status` is an
    enhanced status code (RFC 3463) or empty; `diagnostic` is what a server answered, one line.
    """

    recipient: str
    original: str
    fate: Fate
    status: str
    diagnostic: str

    @property
    def reason(self) -> str:
        """Why, in the servers' words; never empty."""
        return self.diagnostic or self.status or "no reason was given"


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says; without findings it is none. `message_id` is that of the mail it is about."""

    findings: tuple[Finding, ...] = ()
    message_id: str | None = None

    def about(self, address: str) -> Finding | None:
        """What it says of the mail to this one address.

        Where it names others alone the address led there: then the mildest counts, for some may have it.
        """
        named = [one for one in self.findings if is_about(one, address)]
        return min(named or self.findings, key=lambda one: one.fate, default=None)

    @property
    def summary(self) -> str:
        """The findings in words, a line each: unlike the mail, they hold nothing of what was returned."""
        return "\n".join(_in_words(one) for one in self.findings)


def read_report(raw: bytes, own_domain: str = "") -> Report:
    """What a mail says as a delivery report: no findings if it is none, or cannot be read. Never raises."""
    fields, _ = mime_parts.halves(raw)
    octets = mime_parts.entity(raw)
    try:
        parts = mime_parts.split(octets)
    except Unreadable:
        return Report()
    explanation = _explanation(octets, parts)
    findings = (
        _by_status_part(octets, parts)
        or _by_header(fields, explanation)
        or _by_paragraphs(explanation)
    )
    message_id = _returned_id(octets, parts, own_domain) or _quoted_id(explanation, own_domain)
    return Report(findings, message_id if findings else None)


def is_about(finding: Finding, address: str) -> bool:
    """Whether a finding names this address, as the one that was mailed or the one in the end."""
    return normalise(address) in (normalise(finding.recipient), normalise(finding.original))


def is_bad_address(status: str) -> bool:
    """Whether a status says that there is no such recipient (RFC 3463, section 3.2)."""
    return status.startswith("5.1.") and status not in _SENDER_STATUSES


def status_in(words: str) -> str:
    """The first enhanced status code in a server's words, else one made of its reply code; empty without either."""
    if found := _STATUS.search(words):
        return found[0]
    code = _REPLY_CODE.search(words)
    return f"{code[1]}.0.0" if code else ""


def _by_status_part(octets: bytes, parts: Sequence[Part]) -> tuple[Finding, ...]:
    """RFC 3464, section 2: a block of fields about the mail, then one for each recipient."""
    for part in parts:
        if part.media_type in ("message/delivery-status", "message/global-delivery-status"):
            content = with_crlf(mime_parts.content_octets(octets, part) or b"")
            blocks = content.split(b"\r\n\r\n", 2 * MAX_RECIPIENTS)[: 2 * MAX_RECIPIENTS]
            read = (_finding(mime_parts.halves(block.strip(b"\r\n"))[0]) for block in blocks)
            return tuple(one for one in read if one is not None)[:MAX_RECIPIENTS]
    return ()


def _finding(fields: Sequence[Field]) -> Finding | None:
    recipient = _typed(fields, "final-recipient")[:MAX_ADDRESS].strip("<> ")
    original = _typed(fields, "original-recipient")[:MAX_ADDRESS].strip("<> ")
    if not (recipient or original):
        return None
    diagnostic = _typed(fields, "diagnostic-code")[:MAX_DIAGNOSTIC]
    status = _best_status(_value(fields, "status"), diagnostic)
    action = (_value(fields, "action").lower().split() or [""])[0].rstrip(";,.")
    fate = _FATES.get(action, _FATES_BY_CLASS.get(status[:1], Fate.DELAYED))
    return Finding(recipient or original, original, fate, status, diagnostic)


def _best_status(told: str, diagnostic: str) -> str:
    """The status that is told; where that says no more than its class, the one in the diagnostic."""
    status = found[0] if (found := _STATUS.search(told)) else ""
    closer = status_in(diagnostic)
    return closer if closer.startswith(status[:1]) and status[1:] in ("", ".0.0") else status


def _by_header(fields: Sequence[Field], explanation: str) -> tuple[Finding, ...]:
    """Exim's own header field; the reasons stand in the text, each below its address."""
    values = [_value([field], "x-failed-recipients") for field in fields]
    failed = [person.address for person in people([value for value in values if value])]
    lines = explanation.splitlines()
    places = {line.strip(" \t<>:"): at for at, line in reversed(list(enumerate(lines)))}
    reasons = {
        one: _paragraph(lines, places[one] + 1) if one in places else ""
        for one in failed[:MAX_RECIPIENTS]
    }
    return tuple(_failed(one, reason) for one, reason in reasons.items())


def _by_paragraphs(explanation: str) -> tuple[Finding, ...]:
    """qmail's form: plain paragraphs, of which those of a recipient begin with the address in brackets."""
    if not explanation.lstrip().startswith(_QMAIL_BEGINS):
        return ()
    return tuple(_qmail_findings(explanation.splitlines()))[:MAX_RECIPIENTS]


def _qmail_findings(lines: Sequence[str]) -> Iterator[Finding]:
    for at, line in enumerate(lines):
        if line.startswith("---"):
            return  # what follows is the mail that is returned
        if named := _QMAIL_RECIPIENT.match(line):
            yield _failed(named[1], _paragraph(lines, at + 1))


def _failed(address: str, reason: str) -> Finding:
    return Finding(address, address, Fate.FAILED, status_in(reason), reason)


def _paragraph(lines: Sequence[str], start: int) -> str:
    """The lines from there to the next empty one, as one."""
    words: list[str] = []
    for line in lines[start : start + MAX_REASON_LINES]:
        if not line.strip():
            break
        words.append(line)
    return clean_line(" ".join(words))[:MAX_DIAGNOSTIC]


def _explanation(octets: bytes, parts: Sequence[Part]) -> str:
    """The text for people, which a report begins with."""
    shown = next((part for part in parts if part.media_type == "text/plain"), None)
    text = mime_parts.text(octets, shown) if shown else None
    return (text or "")[:MAX_EXPLANATION]


def _returned_id(octets: bytes, parts: Sequence[Part], own_domain: str) -> str | None:
    """The id of the mail that is returned whole, or with its header alone."""
    for part in parts:
        if part.media_type.startswith("message/") or part.media_type.endswith("rfc822-headers"):
            content = (mime_parts.content_octets(octets, part) or b"")[:MAX_EXPLANATION]
            fields, _ = mime_parts.halves(content.lstrip(b"\r\n"))
            if found := message_ids.references([_value(fields, "message-id")], own_domain):
                return found[0]
    return None


def _quoted_id(explanation: str, own_domain: str) -> str | None:
    found = _MESSAGE_ID.search(explanation)
    return next(iter(message_ids.references([found[1]], own_domain)), None) if found else None


def _typed(fields: Sequence[Field], name: str) -> str:
    """A value without the type before it, as in `rfc822; joe@example.org`."""
    kind, semicolon, value = _value(fields, name).partition(";")
    return value.strip() if semicolon else kind


def _value(fields: Sequence[Field], name: str) -> str:
    return clean_line(decoded(mime_parts.value(fields, name).encode("latin-1")))


def _in_words(one: Finding) -> str:
    fate = {
        Fate.ON_ITS_WAY: "it is there, or on its way",
        Fate.DELAYED: "not delivered yet",
        Fate.FAILED: "not delivered",
    }[one.fate]
    return f"{one.recipient}: {fate} ({one.reason})"
