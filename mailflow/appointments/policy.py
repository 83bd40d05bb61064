"""Where a booking is announced: an appointment type's conversation policy."""

from enum import StrEnum

from mailflow.config import Policy


class Origin(StrEnum):
    """How the client came to book."""

    OFFER = "offer"  # one made inside a conversation
    LINK = "link"  # the scheduling link: a public page


class Announcement(StrEnum):
    """Where the booking's confirmation, invite and reminders go."""

    IN_CONVERSATION = "in conversation"  # the offer's own, to all in it
    NEW_CONVERSATION = "new conversation"
    OUTSIDE = "outside"  # of any; a person's reply opens one


def announce(policy: Policy, origin: Origin) -> Announcement:
    """Where a booking of `origin` is announced under `policy`."""
    match policy, origin:
        case Policy.NONE, _:
            return Announcement.OUTSIDE
        case Policy.NEW_UNLESS_EXISTING, Origin.OFFER:
            return Announcement.IN_CONVERSATION
        case _:
            return Announcement.NEW_CONVERSATION
