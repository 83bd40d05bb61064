"""When a letter is tried again, and when no more."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail.outgoing import Outcome, next_attempt

MINUTES = 60


def minutes(attempts: int, outcome: Outcome) -> float | None:
    wait = next_attempt(attempts, outcome, 0.0)
    return None if wait is None else wait.total_seconds() / MINUTES


def test_waits_longer_each_time_for_five_days() -> None:
    waits = [minutes(attempts, Outcome.DEFERRED) for attempts in range(1, 37)]

    assert waits == [1, 5, 15, 30, 60, 120, *[240] * 29, None]
    assert sum(wait or 0 for wait in waits) <= 5 * 24 * 60


def test_what_may_have_arrived_is_tried_three_times() -> None:
    assert [minutes(attempts, Outcome.UNKNOWN) for attempts in (1, 2, 3, 4)] == [15, 15, None, None]


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.REFUSED])
def test_what_is_decided_is_not_tried_again(outcome: Outcome) -> None:
    assert next_attempt(1, outcome, 0.0) is None


@given(st.integers(1, 35), st.floats(-1, 1))
def test_jitter_is_a_tenth(attempts: int, jitter: float) -> None:
    exact = next_attempt(attempts, Outcome.DEFERRED, 0.0)
    spread = next_attempt(attempts, Outcome.DEFERRED, jitter)

    assert exact is not None
    assert spread is not None
    assert abs(spread - exact) <= exact * 0.1 + timedelta(microseconds=1)


@given(st.integers(1, 2), st.floats(-1, 1))
def test_what_may_have_arrived_rests_a_quarter_of_an_hour(attempts: int, jitter: float) -> None:
    wait = next_attempt(attempts, Outcome.UNKNOWN, jitter)

    assert wait is not None
    assert wait >= timedelta(minutes=15)
