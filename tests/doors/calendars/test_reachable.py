"""Which addresses an URL may lead to."""

import pytest

from mailflow.doors.calendars.reachable import is_literal, is_of_a_house, is_public

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"]
HOUSES = [
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
]
NOBODYS = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "::127.0.0.1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert (is_public(address), is_of_a_house(address)) == (True, False)


@pytest.mark.parametrize("address", HOUSES)
def test_of_a_house(address: str) -> None:
    assert (is_public(address), is_of_a_house(address)) == (False, True)


@pytest.mark.parametrize("address", NOBODYS)
def test_neither(address: str) -> None:
    assert (is_public(address), is_of_a_house(address)) == (False, False)


@pytest.mark.parametrize(
    ("host", "literal"),
    [("127.0.0.1", True), ("::1", True), ("localhost", False), ("0177.0.0.1", False)],
)
def test_literal(host: str, literal: bool) -> None:
    assert is_literal(host) is literal
