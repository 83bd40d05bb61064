"""Who may open one more connection."""

import pytest

from mailflow.config.notation import read_network
from mailflow.doors.listener.gate import Gate, read_address
from mailflow.doors.listener.limits import Limits

LIMITS = Limits(connections=6, connections_per_address=2, connections_per_minute=3)


def admitted(gate: Gate, *peers: str, now: float = 0.0) -> int:
    return sum(gate.admit(read_address(peer), now) for peer in peers)


@pytest.mark.parametrize(
    ("peers", "count"),
    [
        pytest.param(["192.0.2.1"] * 5, 2, id="one address"),
        pytest.param(["192.0.2.1", "192.0.2.2", "192.0.2.3"], 3, id="different addresses"),
        pytest.param(["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"], 2, id="mapped"),
        pytest.param(["2001:db8::1", "2001:db8::2", "2001:db8::3"], 2, id="one IPv6 site"),
        pytest.param([f"2001:db8:0:{n}::1" for n in range(3)], 3, id="different IPv6 sites"),
        pytest.param(["127.0.0.1"] * 5, 5, id="loopback"),
        pytest.param(["::1"] * 5, 5, id="IPv6 loopback"),
        pytest.param(["198.51.100.7"] * 5, 5, id="trusted"),
        pytest.param(["127.0.0.1"] * 7, 6, id="all together"),
    ],
)
def test_caps(peers: list[str], count: int) -> None:
    gate = Gate(LIMITS, [read_network("198.51.100.0/24")])

    assert admitted(gate, *peers) == count


def test_who_has_gone_makes_room() -> None:
    gate = Gate(LIMITS, [])
    peer = read_address("192.0.2.1")
    assert admitted(gate, "192.0.2.1", "192.0.2.1") == 2

    gate.release(peer)

    assert admitted(gate, "192.0.2.1") == 1


def test_haste_is_refused_for_a_minute() -> None:
    gate = Gate(LIMITS, [])
    for _ in range(3):
        assert admitted(gate, "192.0.2.1") == 1
        gate.release(read_address("192.0.2.1"))

    assert admitted(gate, "192.0.2.1") == 0
    assert admitted(gate, "192.0.2.2") == 1
    assert admitted(gate, "192.0.2.1", now=61.0) == 1


def test_a_scope_is_no_part_of_an_address() -> None:
    assert str(read_address("fe80::1%eth0")) == "fe80::1"
