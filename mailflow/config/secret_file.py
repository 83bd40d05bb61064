"""The file of secrets, which sign every address and link."""

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

from mailflow.config.mistakes import reason
from mailflow.config.values import Config
from mailflow.errors import ConfigError

SHORTEST_SECRET = 32  # characters: 128 bits, if they are hexadecimal

SECRET_OCTETS = 48
"""Octets of randomness, which make a line of 64 letters."""


def secrets(config: Config) -> tuple[str, ...]:
    """The secrets, one a line of the secret file: the first signs, all verify. ConfigError."""
    path = config.mailflow.secret_file
    where = f"{path} (mailflow.secret_file)"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        complaint = f"{where}: cannot be read ({reason(error)})"
        raise ConfigError(
            [f"{complaint}: expected secrets, as `mailflow init` writes them"]
        ) from None
    found = {number: line.strip() for number, line in enumerate(lines, 1) if line.strip()}
    right = f"expected {SHORTEST_SECRET} characters or more, as `mailflow init` writes them"
    short = [number for number, secret in found.items() if len(secret) < SHORTEST_SECRET]
    if short or not found:
        raise ConfigError(
            [f"{where}: line {number} is too short: {right}" for number in short or [1]]
        )
    return tuple(found.values())


def write_secret(path: Path, random: Callable[[int], bytes]) -> None:
    """A file with one fresh secret, for its owner alone; FileExistsError leaves one that is there as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(urlsafe_b64encode(random(SECRET_OCTETS)).decode() + "\n")
