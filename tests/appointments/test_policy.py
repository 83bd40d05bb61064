import pytest

from mailflow.appointments.policy import Announcement, Origin, announce
from mailflow.config import Policy


@pytest.mark.parametrize(
    ("policy", "origin", "announcement"),
    [
        (Policy.NEW_UNLESS_EXISTING, Origin.OFFER, Announcement.IN_CONVERSATION),
        (Policy.NEW_UNLESS_EXISTING, Origin.LINK, Announcement.NEW_CONVERSATION),
        (Policy.ALWAYS_NEW, Origin.OFFER, Announcement.NEW_CONVERSATION),
        (Policy.ALWAYS_NEW, Origin.LINK, Announcement.NEW_CONVERSATION),
        (Policy.NONE, Origin.OFFER, Announcement.OUTSIDE),
        (Policy.NONE, Origin.LINK, Announcement.OUTSIDE),
    ],
)
def test_a_booking_is_announced_where_its_type_wants(
    policy: Policy, origin: Origin, announcement: Announcement
) -> None:
    assert announce(policy, origin) is announcement
