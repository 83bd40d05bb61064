"""Who wrote a mail, and may they? What is in doubt is held, and the host asked."""

from collections.abc import Sequence

from mailflow.config import Config, Host
from mailflow.mail.addresses import is_address, normalise
from mailflow.mail.authenticity import Verdict
from mailflow.mail.reading import Mail
from mailflow.store.states import Doubt
from mailflow.store.tables import Participant


def doubt_about(mail: Mail, verdict: Verdict, host: Host | None) -> Doubt | None:
    """What speaks against a mail whoever may write: a forged sender or one that no answer reaches, or a host's name
    without proof."""
    if verdict is Verdict.FAILED or not is_address(mail.author.address):
        return Doubt.FAILED
    if host is not None and verdict is not Verdict.VERIFIED:
        return Doubt.UNVERIFIED
    return None


def author_among(
    people: Sequence[Participant], mail: Mail, host: Host | None
) -> Participant | None:
    """The participant who wrote a mail, by address, or by any address of a host; None for a stranger."""
    key = normalise(mail.author.address)
    for one in people:
        if one.address_key == key or (host is not None and one.handle == host.handle):
            return one
    return None


def host_who_wrote(config: Config, mail: Mail) -> Host | None:
    """The host in whose name a mail is, if it is in one's."""
    return config.host_of(mail.author.address) if mail.author.address else None
