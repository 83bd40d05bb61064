"""What a mailbox is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.envelope import MAILBOX_LENGTH, Envelope, is_mailbox


@pytest.mark.parametrize(
    "address",
    [
        "a@b",
        "dana+k7xq@flow.example.com",
        "first..last.@docomo.example",
        "o'neil/x=y@example.com",
        '"a b"@example.com',
        r'"a\"b"@example.com',
        "a@[192.0.2.1]",
        "a@[IPv6:2001:db8::1]",
        "a@under_score.example",
    ],
)
def test_mailboxes(address: str) -> None:
    assert is_mailbox(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b",
        "a@",
        "a b@c",
        "a@b c",
        "<a@b>",
        "a@b>",
        "A <a@b>",
        "a@b@c",
        "@b:a@c",
        "a,b@c",
        '"a@b',
        '"a"b"@c',
        "a@b\n",
        "a@b\r\nRCPT TO:<x@y>",
        "a\0@b",
        "\x7f@b",
        "\xe4@b",
        "a@\xe4",
        "\udcff@b",
        "a" * MAILBOX_LENGTH + "@b",
    ],
)
def test_no_mailboxes(address: str) -> None:
    assert not is_mailbox(address)


@given(st.text())
def test_a_mailbox_is_printable_ascii(address: str) -> None:
    for text in (address, f"{address}@b", f"a@{address}", f'"{address}"@b'):
        assert not is_mailbox(text) or (text.isascii() and text.isprintable())


def test_the_message_is_not_shown() -> None:
    assert "canary" not in repr(Envelope("", ("a@b",), "192.0.2.1", "c", b"canary"))
