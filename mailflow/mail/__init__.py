"""What a mail says and how one is written: addresses, ids, reading, quotes, bytes. No I/O, no tables."""
