"""Bytes as they lie in the database: compressed where that is worth its time (Zstandard, RFC 8878)."""

import threading

import zstandard

PLAIN, COMPRESSED = b"\0", b"\1"
"""What stored bytes begin with."""

LEVEL = 1
"""Of 22: a mail of 5 kB takes 20 µs and becomes 2 kB; level 3 takes half as long again for 1 % less."""

LEAST = 512
"""Octets below which it saves next to nothing."""

LARGE = 100_000
SAMPLE = 8_192
"""Octets from the middle of something large, by which it is judged."""

WORTH = 0.7
"""What has to become of a sample at most. Of a picture or an archive in base64, which is compressed already, three
quarters are left: that is not worth a tenth of a second to whoever waits for the writer."""

_own = threading.local()
"""Each thread's compressor: one can be used by one thread at a time."""


def pack(content: bytes) -> bytes:
    """Bytes as they are to be stored."""
    if len(content) >= LEAST and _is_worth_it(content):
        packed = COMPRESSED + _compressor().compress(content)
        if len(packed) <= len(content):
            return packed
    return PLAIN + content


def unpack(stored: bytes) -> bytes:
    """The bytes that were packed."""
    if stored.startswith(PLAIN):
        return stored[1:]
    return zstandard.decompress(memoryview(stored)[1:])


def _is_worth_it(content: bytes) -> bool:
    if len(content) < LARGE:
        return True
    middle = len(content) // 2
    sample = content[middle : middle + SAMPLE]
    return len(_compressor().compress(sample)) <= WORTH * len(sample)


def _compressor() -> zstandard.ZstdCompressor:
    if not hasattr(_own, "compressor"):
        _own.compressor = zstandard.ZstdCompressor(LEVEL)
    compressor: zstandard.ZstdCompressor = _own.compressor
    return compressor
