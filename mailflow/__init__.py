"""mailflow: conversations and appointments by mail."""

__version__ = "0.1.0"
