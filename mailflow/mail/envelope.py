"""The envelope of a mail (RFC 5321): who hands it in, from whom and for whom."""

import re
from dataclasses import dataclass, field
from enum import Enum

from mailflow.mail.spooled import Content

# RFC 5321 section 4.5.3.1 asks for at least 64 + 1 + 255, which encoded return paths do use.
MAILBOX_LENGTH = 320

# A dot may stand anywhere in the local part: some large providers have handed out such addresses.
_ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+"
_QUOTED = r'"(?:[ !#-\[\]-~]|\\[ -~])*"'
_DOMAIN = r"[A-Za-z0-9._-]+|\[[A-Za-z0-9.:]+\]"
_MAILBOX = re.compile(rf"(?:{_ATOMS}|{_QUOTED})@(?:{_DOMAIN})")


class Recipient(Enum):
    """What an address of an envelope is to us."""

    OURS = "ours"
    UNKNOWN = "unknown"  # at our domain, and nobody's
    FOREIGN = "foreign"  # at another domain: we are no relay


@dataclass(frozen=True, slots=True)
class Envelope:
    """A mail as it was handed in.

    `sender` is empty for the null sender (RFC 5321 section 4.5.5); `recipients` are distinct and in
    the client's order; `peer` is the client's IP address; `helo` is the name it gave itself,
    unproven. `raw` has CRLF line ends throughout, neither NUL nor a lone CR, and is otherwise what
    was sent.
    """

    sender: str
    recipients: tuple[str, ...]
    peer: str
    helo: str
    raw: Content = field(repr=False)


def is_mailbox(address: str) -> bool:
    """Whether `address` is one bare mailbox in printable ASCII, with nothing in it to mend.

    Mailboxes in UTF-8 (RFC 6531) are not: neither door speaks SMTPUTF8.
    """
    return len(address) <= MAILBOX_LENGTH and _MAILBOX.fullmatch(address) is not None
