import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.copies.stamps import MOST_INSTANCES, comes_back, stamp
from mailflow.mail.wire.header_fields import field


@pytest.mark.parametrize(
    ("value", "back"),
    [
        ("", False),
        ("flow.test", True),
        ("Flow.TEST", True),
        ("flow.test other.test", True),
        ("other.test", False),
        ("other.test flow.test", False),
        ("other.test flow.test other.test flow.test", True),
        ("notflow.test", False),
    ],
)
def test_a_mail_comes_back_straight_or_for_the_second_time(value: str, back: bool) -> None:
    assert comes_back("flow.test", value) is back


def test_a_mail_between_two_comes_back_in_the_end() -> None:
    value = ""
    for domain in ("one.test", "two.test", "one.test", "two.test"):
        assert not comes_back(domain, value)
        value = stamp(domain, value)
    assert comes_back("one.test", value)


@given(st.text())
def test_whatever_stood_there_a_stamp_is_a_field(before: str) -> None:
    value = stamp("flow.test", before)
    assert comes_back("flow.test", value)
    assert len(value.split()) <= MOST_INSTANCES
    assert field("Mailflow-Instance", value)
