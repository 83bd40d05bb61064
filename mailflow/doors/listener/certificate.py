"""The certificate of STARTTLS, which is renewed while we run."""

import ssl
from pathlib import Path

from mailflow.journal import log


class Certificate:
    """A certificate chain and its key in two PEM files; raises OSError if they cannot be used."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._files = (chain, key)
        self._loaded = self._versions()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """For one handshake: with what the files hold now, or held when they were last right."""
        versions = self._versions()
        if versions != self._loaded:
            # Whoever renews writes one file after the other: until both are there, the old ones serve.
            try:
                self._context = self._load()
            except OSError as error:
                log.warning("certificate.unreadable", error=error)
            else:
                log.info("certificate.renewed")
            self._loaded = versions
        return self._context

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self._files)
        return context

    def _versions(self) -> tuple[tuple[int, int], ...]:
        try:
            return tuple((found.st_ino, found.st_mtime_ns) for found in map(Path.stat, self._files))
        except OSError:
            return ()
