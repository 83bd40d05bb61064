"""What a host should know of times that they named: an offer of them goes out, whatever rules they break."""

from collections.abc import Sequence
from datetime import datetime

from mailflow.appointments import explaining
from mailflow.config import AppointmentType, Host
from mailflow.phrases import said
from mailflow.post.letters import notify_in
from mailflow.store.tables import Conversation
from mailflow.store.unit import Unit


def warn(
    unit: Unit,
    conversation: Conversation,
    host: Host,
    kind: AppointmentType,
    times: Sequence[datetime],
    *,
    answers: str | None = None,
) -> None:
    """Tell the host alone which of the offered times break which rule; nothing, if none does."""
    broken = explaining.broken_rules(unit, kind, times)
    if broken:
        heading = said(
            "The offer has gone out as you wrote it. These times are against your own rules:"
        )
        lines = [heading, *broken]
        notify_in(unit, conversation, "done", {"lines": lines}, host=host, answers=answers)
