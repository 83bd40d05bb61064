"""What is passed on: the author's octets, but for what must not reach others."""
