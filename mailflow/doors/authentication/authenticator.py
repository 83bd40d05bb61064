"""The verdict on a mail that came in, as the configuration wants it found."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address

from mailflow.config import Config
from mailflow.doors.authentication.resolver import Lookup, limited_lookup
from mailflow.doors.authentication.sender_policy import check_sender
from mailflow.doors.authentication.signatures import check_signatures
from mailflow.mail.authentication_results import believe
from mailflow.mail.authenticity import Verdict, author_domain, is_aligned
from mailflow.mail.dmarc import Evidence, Method, Outcome, judge
from mailflow.mail.envelope import Envelope
from mailflow.mail.reading import Mail


class Authenticator:
    """Judges whether mails are from their From; `new_lookup` gives each the means to ask."""

    def __init__(self, config: Config, new_lookup: Callable[[], Lookup] = limited_lookup) -> None:
        self._settings = config.authentication
        self._listener = config.listener
        self._new_lookup = new_lookup

    def check(self, envelope: Envelope, mail: Mail) -> Verdict:
        """The verdict on `mail`, which came in `envelope`; it may take some seconds.

        Several authors are never verified, and trouble with name servers fails no mail.
        """
        verdict = self._judge(envelope, mail)
        if verdict is Verdict.VERIFIED and mail.from_count != 1:
            return Verdict.UNVERIFIED
        return verdict

    def _judge(self, envelope: Envelope, mail: Mail) -> Verdict:
        match self._settings.mode:
            case "none":
                return Verdict.VERIFIED
            case "header":
                return believe(mail, self._settings.trusted)
            case "verify":
                return self._verify(envelope, mail)

    def _verify(self, envelope: Envelope, mail: Mail) -> Verdict:
        domain = author_domain(mail)
        if "." not in domain:  # no author, or nobody's domain
            return Verdict.UNVERIFIED
        lookup = self._new_lookup()
        evidence = list(self._check_envelope(envelope, domain, lookup))
        if mail.body_hashes is not None:
            evidence += check_signatures(bytes(envelope.raw), mail.body_hashes, domain, lookup)
        return judge(domain, evidence, lambda name: lookup(name, "TXT"))

    def _check_envelope(
        self, envelope: Envelope, domain: str, lookup: Lookup
    ) -> Iterator[Evidence]:
        """What SPF says, where it can stand for `domain` (RFC 7489, section 3.1.2).

        Behind another server it cannot be known whether a sender at `domain` would have passed;
        a sender elsewhere would not have counted.
        """
        if self._is_direct(envelope.peer):
            sender = envelope.sender or envelope.helo
            if is_aligned(sender, domain):
                found = check_sender(envelope.peer, envelope.sender, envelope.helo, lookup)
                yield Evidence(Method.SPF, sender, found)
        elif not envelope.sender or is_aligned(envelope.sender, domain):
            yield Evidence(Method.SPF, domain, Outcome.UNKNOWN)

    def _is_direct(self, peer: str) -> bool:
        """Whether `peer` hands in its own mail: it is no server of ours in front of mailflow."""
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        ours = any(address in network for network in self._listener.trusted_peers)
        return self._listener.protocol == "smtp" and address.is_global and not ours
