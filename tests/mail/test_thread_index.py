import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailflow.mail import thread_index
from mailflow.mail.thread_index import BLOCK_OCTETS, MAX_BLOCKS, ROOT_OCTETS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOMENTS = st.integers(0, 200 * 366).map(lambda days: NOON + timedelta(days=days, seconds=days))
ROOT = thread_index.root(NOON, lambda size: b"g" * size)


@pytest.mark.parametrize(
    ("index", "valid"),
    [
        pytest.param(b"\x01" * 22, True, id="root"),
        pytest.param(b"\x01" * 27, True, id="one block"),
        pytest.param(b"\x01" * 21, False, id="short"),
        pytest.param(b"\x01" * 24, False, id="half a block"),
        pytest.param(b"\x02" * 22, False, id="first octet"),
        pytest.param(b"", False, id="empty"),
    ],
)
def test_read(index: bytes, valid: bool) -> None:
    value = base64.b64encode(index).decode()
    assert thread_index.read(value) == (index if valid else None)
    assert thread_index.read(f" {value[:10]}\r\n {value[10:]}") == (index if valid else None)


def test_a_root_holds_the_time_and_the_guid() -> None:
    # 2026-03-02T12:00Z is 0x01dcaa3cb8f4a000 in units of 100 ns since 1601.
    ticks = int((NOON - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000
    assert ticks.to_bytes(8, "big")[:6] + b"g" * 16 == ROOT


@pytest.mark.parametrize(
    ("elapsed", "block"),
    [
        pytest.param(timedelta(seconds=-5), 0, id="a clock that is behind"),
        pytest.param(timedelta(hours=1), 36_000_000_000 >> 18, id="near"),
        pytest.param(timedelta(days=800), 1 << 31 | (800 * 86_400 * 10_000_000) >> 23, id="far"),
    ],
)
def test_a_child_has_one_block_more(elapsed: timedelta, block: int) -> None:
    child = thread_index.child(ROOT, NOON + elapsed)
    assert child[: len(ROOT)] == ROOT
    assert abs(int.from_bytes(child[len(ROOT) : -1], "big") - block) <= 1
    assert child[-1] == 0


@given(st.integers(0, 60), MOMENTS)
def test_children_are_valid_and_bounded(depth: int, now: datetime) -> None:
    index = ROOT
    for _ in range(depth):
        index = thread_index.child(index, now)
    assert len(index) == ROOT_OCTETS + min(depth, MAX_BLOCKS) * BLOCK_OCTETS
    assert thread_index.read(thread_index.write(index)) == index


@given(MOMENTS, st.binary(min_size=16, max_size=16))
def test_roots_are_valid(now: datetime, guid: bytes) -> None:
    index = thread_index.root(now, lambda size: guid[:size])
    assert thread_index.read(thread_index.write(index)) == index


def test_a_full_chain_is_never_copied() -> None:
    parent = ROOT + b"\xff" * BLOCK_OCTETS * MAX_BLOCKS
    assert thread_index.child(parent, NOON) != parent


@given(st.text())
def test_any_value_is_valid_or_none(value: str) -> None:
    index = thread_index.read(value)
    assert index is None or (len(index) - ROOT_OCTETS) % BLOCK_OCTETS == 0
