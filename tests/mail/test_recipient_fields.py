"""Recipients out of header fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.recipient_fields import recipients_named

FIELDS = ("X-Original-To", "Delivered-To")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (b"X-Original-To: dana@flow.test\r\n", ("dana@flow.test",)),
        (b"x-original-to:\r\n <Dana+ABC@flow.test>\r\n", ("Dana+ABC@flow.test",)),
        (b"Delivered-To: a@x.test\r\nX-Original-To: b@x.test\r\n", ("b@x.test", "a@x.test")),
        (b"X-Original-To: a@x.test\r\nDelivered-To: a@x.test\r\n", ("a@x.test",)),
        (b"To: dana@flow.test\r\n", ()),
        (b"Subject: x\r\n\r\nX-Original-To: a@x.test\r\n", ()),
        (b"", ()),
    ],
)
def test_the_named_fields_are_read(header: bytes, found: tuple[str, ...]) -> None:
    assert recipients_named(header + b"\r\nHello\r\n", FIELDS) == found


@given(st.binary(max_size=2000))
def test_any_octets_give_addresses_or_none(raw: bytes) -> None:
    assert all(isinstance(one, str) for one in recipients_named(raw, FIELDS))
