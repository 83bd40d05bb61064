"""Is a mail from its From? Asks the name servers what its domain says (SPF, DKIM, DMARC).

`authenticator` gathers the evidence, `signatures` checks DKIM, `sender_policy` SPF, and `resolver`
asks. What the evidence comes to is decided in `mailflow.mail.dmarc`. All of it waits, so it runs in
a thread, and it ends in bounded time whatever the mail and the name servers say.
"""

from mailflow.doors.authentication.authenticator import Authenticator

__all__ = ["Authenticator"]
