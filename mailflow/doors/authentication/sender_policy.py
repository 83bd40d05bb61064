"""May the server that handed a mail in send for the envelope sender's domain? (SPF, RFC 7208)"""

from collections.abc import Sequence
from typing import Any

import spf

from mailflow.doors.authentication.resolver import Kind, Lookup
from mailflow.mail.dmarc import Outcome


def check_sender(peer: str, sender: str, helo: str, lookup: Lookup) -> Outcome:
    """Whether `peer`, an IP address, may send for `sender`, or for `helo` if there is no sender."""
    try:
        result, _, _ = _Query(peer, sender, helo, lookup).check()
    except Exception:  # what pyspf raises on hostile records is nowhere listed
        return Outcome.FAIL
    return {"pass": Outcome.PASS, "temperror": Outcome.UNKNOWN}.get(result, Outcome.FAIL)


class _Query(spf.query):  # type: ignore[misc]  # pyspf has no types
    """pyspf's reading of records, with our way of asking for them."""

    def __init__(self, peer: str, sender: str, helo: str, lookup: Lookup) -> None:
        super().__init__(peer, sender, helo)
        self._lookup = lookup

    def dns(
        self, name: str, qtype: Kind, cnames: object = None, ignore_void: bool = False
    ) -> Sequence[Any]:
        try:
            texts = self._lookup(name, qtype)
        except TimeoutError as error:
            raise spf.TempError(str(error)) from error
        if not texts and not ignore_void:
            self.void_lookups += 1  # RFC 7208, section 4.6.4
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many lookups of names that do not exist")
        return [_as_pyspf_has_it(qtype, text) for text in texts]


def _as_pyspf_has_it(kind: Kind, text: str) -> object:
    match kind:
        case "TXT":
            return [text.encode("latin-1")]
        case "MX":
            return (0, text)
        case _:
            return text
