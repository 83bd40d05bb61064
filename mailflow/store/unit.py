"""The unit of work: what a transaction has at hand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailflow.config import Config
from mailflow.journal import Event
from mailflow.keys import Keyring
from mailflow.mail.reading import Mail
from mailflow.mail.tasks import Relaying
from mailflow.mail.wire.body_hashes import Outline
from mailflow.mail.wire.signing import Signer
from mailflow.rendering import Templates
from mailflow.store.session import Session


@dataclass(frozen=True, slots=True)
class House:
    """What every transaction of one running mailflow shares."""

    config: Config
    keys: Keyring
    templates: Templates
    clock: Callable[[], datetime]
    """The present instant, aware and UTC."""
    random: Callable[[int], bytes]
    """That many unguessable bytes."""
    node: str
    """The name of this process, among all that share its database: what it has claimed is marked with it."""
    signer: Signer | None = None
    """Signs what goes out; None where the smarthost does."""


@dataclass(frozen=True, slots=True)
class Made:
    """A body that was made before, and kept under `digest`."""

    digest: str
    outline: Outline


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction: the open session, its one instant, and the house's facts."""

    db: Session
    now: datetime
    config: Config
    keys: Keyring
    templates: Templates
    random: Callable[[int], bytes]
    node: str
    signer: Signer | None = None
    calendars_read: frozenset[str] | None = None
    """The hosts whose calendars were read again just before; None where nobody does that."""
    held_mails: Mapping[int, Mail] = field(default_factory=dict)
    """The held mails that were read again just before, by the numbers of their rows."""
    made: Mapping[tuple[str, Relaying], Made] = field(default_factory=dict)
    """The bodies of copies that were made just before, by the blob of the mail and by what is changed in it."""
    events: list[Event] = field(default_factory=list)

    def tell(self, event: str, **facts: object) -> None:
        """Something for the journal, in numbers and ids alone: it is written down once this is committed."""
        self.events.append((event, facts))
