"""Who may open one more connection."""

import pytest

from mailflow.config.notation import read_network
from mailflow.doors.listener.gate import Gate, read_address
from mailflow.doors.listener.limits import Limits

LIMITS = Limits(
    connections_per_address=2,
    connections_per_network=4,
    connections_per_minute=3,
    connections_per_minute_and_network=6,
    guesses=2,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def make_gate(clock: Clock | None = None) -> Gate:
    return Gate(LIMITS, [read_network("198.51.100.0/24")], clock or Clock())


def admitted(gate: Gate, *peers: str) -> int:
    return sum(gate.admit(read_address(peer)) for peer in peers)


@pytest.mark.parametrize(
    ("peers", "count"),
    [
        pytest.param(["192.0.2.1"] * 5, 2, id="one address"),
        pytest.param(["192.0.2.1", "192.0.2.2", "192.0.2.3"], 3, id="different addresses"),
        pytest.param([f"192.0.2.{n}" for n in range(9)], 4, id="one network"),
        pytest.param([f"192.0.{n}.1" for n in range(9)], 9, id="different networks"),
        pytest.param(["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"], 2, id="mapped"),
        pytest.param(["2001:db8::1", "2001:db8::2", "2001:db8::3"], 2, id="one IPv6 /64"),
        pytest.param([f"2001:db8:0:{n}::1" for n in range(9)], 4, id="one IPv6 /48"),
        pytest.param([f"2001:db8:{n}::1" for n in range(9)], 9, id="different IPv6 networks"),
        pytest.param(["127.0.0.1"] * 9, 9, id="loopback"),
        pytest.param(["::1"] * 9, 9, id="IPv6 loopback"),
        pytest.param(["198.51.100.7"] * 9, 9, id="trusted"),
    ],
)
def test_caps(peers: list[str], count: int) -> None:
    assert admitted(make_gate(), *peers) == count


def test_who_has_gone_makes_room() -> None:
    gate = make_gate()
    assert admitted(gate, "192.0.2.1", "192.0.2.1") == 2

    gate.release(read_address("192.0.2.1"))

    assert admitted(gate, "192.0.2.1") == 1


@pytest.mark.parametrize(
    ("peers", "count"), [(["192.0.2.1"] * 9, 3), ([f"192.0.2.{n}" for n in range(9)], 6)]
)
def test_haste_is_refused_for_a_minute(peers: list[str], count: int) -> None:
    clock = Clock()
    gate = make_gate(clock)
    came_in = 0
    for peer in peers:
        if admitted(gate, peer):
            came_in += 1
            gate.release(read_address(peer))

    assert came_in == count
    assert admitted(gate, "198.51.100.7") == 1
    clock.now = 61.0
    assert admitted(gate, *peers[:2]) == 2


def test_who_tries_many_recipients_is_refused_for_a_minute() -> None:
    clock = Clock()
    gate = make_gate(clock)
    prober, border = read_address("192.0.2.1"), read_address("198.51.100.7")

    assert [gate.guessed(prober) for _ in range(4)] == [False, False, True, True]
    assert not any(gate.guessed(border) for _ in range(9))
    assert admitted(gate, "192.0.2.1") == 0
    assert admitted(gate, "192.0.2.2") == 1
    clock.now = 61.0
    assert admitted(gate, "192.0.2.1") == 1


def test_a_scope_is_no_part_of_an_address() -> None:
    assert str(read_address("fe80::1%eth0")) == "fe80::1"
