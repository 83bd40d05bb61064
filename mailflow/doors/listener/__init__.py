"""SMTP and LMTP in: a mail is taken once its bytes are on the disk, and not looked into.

`server` opens the port and says who may come in, `gate` counts connections, `session` is the
conversation with one client, `commands` the grammar of what it says, `data` the stream of bytes
after DATA.
"""

from mailflow.doors.listener.limits import Limits
from mailflow.doors.listener.server import Listener

__all__ = ["Limits", "Listener"]
