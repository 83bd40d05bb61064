"""Thread-Index, by which Outlook and Exchange thread ([MS-OXOMSG], section 2.2.1.3).

22 octets for the first message of a thread (a one, its time, a GUID), and 5 more for each answer.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

ROOT_OCTETS = 22
BLOCK_OCTETS = 5
# An answer deeper than that takes the place of its parent's last block.
MAX_BLOCKS = 50
# Far above any thread that people write.
MAX_LETTERS = 8_000

_GUID_OCTETS = 16
_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
# A FILETIME counts 100 ns; the root holds its bits 16 to 55.
_TICKS_PER_MICROSECOND = 10
_STORED_TICKS = (1 << 56) - 1
# A block holds 31 bits of the time since the root: from bit 18 for 1.8 years, then from bit 23.
_NEAR = 1 << 49
_FAR_FLAG = 1 << 31


def read(value: str) -> bytes | None:
    """The octets of a Thread-Index value, or None if it is not a valid one."""
    letters = "".join(value[:MAX_LETTERS].split())
    try:
        index = base64.b64decode(letters, validate=True)
    except (binascii.Error, ValueError):
        return None
    blocks, rest = divmod(len(index) - ROOT_OCTETS, BLOCK_OCTETS)
    return index if blocks >= 0 and rest == 0 and index[0] == 1 else None


def write(index: bytes) -> str:
    """The value of a Thread-Index field."""
    return base64.b64encode(index).decode()


def root(now: datetime, random: Callable[[int], bytes]) -> bytes:
    """The index of a thread that begins `now`, with a random GUID."""
    return b"\x01" + (_ticks(now) >> 16).to_bytes(5, "big") + random(_GUID_OCTETS)


def child(parent: bytes, now: datetime) -> bytes:
    """The index of an answer, written `now`, to a message with the valid index `parent`."""
    elapsed = max(_ticks(now) - (int.from_bytes(parent[1:6], "big") << 16), 0)
    delta = elapsed >> 18 if elapsed < _NEAR else (elapsed >> 23) % _FAR_FLAG | _FAR_FLAG
    kept = parent[: ROOT_OCTETS + (MAX_BLOCKS - 1) * BLOCK_OCTETS]
    return kept + delta.to_bytes(4, "big") + b"\0"


def _ticks(now: datetime) -> int:
    microseconds = (now - _FILETIME_EPOCH) // timedelta(microseconds=1)
    return microseconds * _TICKS_PER_MICROSECOND & _STORED_TICKS
