"""SMTP and LMTP in: a mail is taken once its bytes are on the disk, and not looked into.

`server` opens the port and says who may come in, `gate` counts connections and guesses,
`connection` reads commands and watches over one client's time and mistakes, `session` is what each
command does, `commands` the grammar of MAIL and RCPT, `data` the stream of bytes after DATA,
`certificate` what STARTTLS shows, `limits` how much of each.
"""

from mailflow.doors.listener.limits import Limits
from mailflow.doors.listener.server import Listener

__all__ = ["Limits", "Listener"]
