"""The header of a copy: octets of the original, unless they cannot go out as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.copies.copied_header import carried_fields
from mailflow.mail.wire.header_fields import Value, Verbatim
from mailflow.mail.wire.writing import head


def test_only_what_a_copy_needs_is_carried() -> None:
    raw = (
        b"Return-Path: <joe@client.test>\nReceived: x\nDKIM-Signature: x\nARC-Seal: x\n"
        b"Authentication-Results: x\nSender: x\nFrom: x\nTo: x\nCc: x\nBcc: x\nReply-To: x\n"
        b"List-Id: x\nList-Unsubscribe: x\nResent-From: x\nDisposition-Notification-To: x\n"
        b"Mailflow-Kind: relay\nContent-Language: de\nMIME-Version: 1.0\nPrecedence: bulk\n"
        b"Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n =?utf-8?Q?_=28x=29?=\nDate: today\n"
        b"Message-Id:<a@b>\nIn-Reply-To: Your message <c@d>\nReferences: <e@f>\n\t<c@d>\n"
        b"Thread-Topic: x\nThread-Index: AQ==\nImportance: high\nAuto-Submitted: no\n"
        b"subject: second\n\nbody"
    )
    assert carried_fields(raw) == [
        ("Subject", Verbatim(b" =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?Q?_=28x=29?=")),
        ("Date", Verbatim(b" today")),
        ("Message-Id", Verbatim(b"<a@b>")),
        ("In-Reply-To", Verbatim(b" Your message <c@d>")),
        ("References", Verbatim(b" <e@f>\r\n\t<c@d>")),
        ("Thread-Topic", Verbatim(b" x")),
        ("Thread-Index", Verbatim(b" AQ==")),
        ("Importance", Verbatim(b" high")),
        ("Auto-Submitted", Verbatim(b" no")),
    ]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"Subject: Gr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Subject: Gr\xfc\xdfe", "Grüße"),
        (b"Subject: =?utf-8?q?x=0ABcc:_evil?=", "=?utf-8?q?x=0ABcc:_evil?="),
        (b"Subject: a\0b", "a b"),
        (b"Subject: " + b"a" * 999, "a" * 999),
        (b"References: <" + b"a" * 400 + b"> <" + b"b" * 600 + b"> <c@d>", f"<{'a' * 400}> <c@d>"),
        (b"References: =?utf-8?q?=3Ca=40b=3E?=", "<a@b>"),
        (b"Message-ID: <a\xff@b>", ""),
        (b"Date: \xff", ""),
    ],
)
def test_what_cannot_go_out_is_written_anew(line: bytes, value: Value) -> None:
    [(_, found)] = carried_fields(line + b"\r\n\r\n")
    assert found == value


names = st.sampled_from([b"Subject", b"Message-ID", b"References", b"Date", b"Thread-Index"])
values = st.binary(max_size=40) | st.sampled_from([b"\r\n ", b"\r\n\t\r\n ", b"=?utf-8?q?=0A?="])


@given(st.lists(st.tuples(names, st.lists(values, max_size=5).map(b"".join)), max_size=5))
def test_any_header_can_be_carried(fields: list[tuple[bytes, bytes]]) -> None:
    raw = b"".join(name + b":" + value + b"\r\n" for name, value in fields)
    octets = head(carried_fields(raw + b"\r\nbody"))
    assert octets.isascii()
    assert b"\0" not in octets
