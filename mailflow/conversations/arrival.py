"""A mail that came in, as the transactions see it."""

from dataclasses import dataclass

from mailflow.mail.authenticity import Verdict
from mailflow.mail.own_addresses import Destination, OwnAddresses
from mailflow.mail.reading import Mail


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail with its envelope, read and judged."""

    taken: int
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    """Its bytes; of one that is not whole the first of them, with all of its header."""
    mail: Mail
    verdict: Verdict
    blob: str
    """Under which all of its bytes are kept."""
    is_whole: bool

    def names(self, own: OwnAddresses, destination: Destination) -> bool:
        """Whether an address that the mail came to stands in its To or Cc: only then is it obeyed there."""
        named = [own.read(person.address) for person in (*self.mail.to, *self.mail.cc)]
        return destination in named
