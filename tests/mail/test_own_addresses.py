"""Our own addresses: each is read as it was written, fits into an envelope, and no other is one."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow import config
from mailflow.keys import ID_LENGTH, Keyring
from mailflow.mail.own_addresses import (
    Destination,
    FrontDoor,
    OwnAddresses,
    ToBounce,
    ToConversation,
    ToQuestion,
    ToSlot,
)

DANA = config.Host(handle="dana", name="Dana", email="dana@coach.test", timezone=ZoneInfo("UTC"))
LONGEST = "d" * 30
SETTINGS = config.Config(
    mailflow=config.Mailflow(domain="flow.test"), hosts=(DANA, replace(DANA, handle=LONGEST))
)
OWN = OwnAddresses(SETTINGS, Keyring(["s" * 40]))
IDENT = "z" * ID_LENGTH
MANY = 10**12
"""More copies than anybody sends, and people than there are."""


@pytest.mark.parametrize(
    ("address", "meaning"),
    [
        (OWN.front_door(LONGEST), FrontDoor(LONGEST)),
        (OWN.conversation(LONGEST, IDENT), ToConversation(LONGEST, IDENT)),
        (OWN.question(LONGEST, IDENT), ToQuestion(LONGEST, IDENT)),
        (OWN.slot(IDENT, 1023, MANY), ToSlot(IDENT, 1023, MANY)),
        (OWN.bounce(MANY), ToBounce(MANY)),
    ],
)
def test_the_longest_of_each_kind_fits_and_is_read_in_any_letter_case(
    address: str, meaning: Destination
) -> None:
    local = address.partition("@")[0]
    assert len(local) <= 64  # RFC 5321, section 4.5.3.1.1
    assert local == local.lower()
    assert OWN.read(address) == OWN.read(address.upper()) == meaning


PIECES = st.sampled_from(
    ["dana", LONGEST, "book", "bounce", "postmaster", "+", "@", "flow.test", IDENT, "\u0130", "\0"]
)


@given(st.lists(PIECES | st.text(max_size=5)).map("".join))
def test_any_text_is_an_address_or_none(text: str) -> None:
    for address in (text, f"{text}@flow.test", f"dana+{text}@flow.test"):
        found = OWN.read(address)
        # What is signed is not found by chance.
        assert found is None or address.lower().partition("@")[0] in ("dana", LONGEST, "postmaster")
