"""Which addresses a calendar may be fetched from: an URL must not lead us into our own network.

A public name can be made to lead anywhere, by its DNS or by a redirect. What the configuration
itself names is the operator's own wish.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_GLOBAL_V6 = ip_network("2000::/3")
# Within what counts as global: relays, tunnels and documentation, which carry other addresses.
_SPECIAL = [
    ip_network(block)
    for block in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
]
# Networks that a house has. 169.254.0.0/16 is not among them: it is where clouds keep their secrets.
_HOUSES = [
    ip_network(block)
    for block in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet at large."""
    ip = _plain(address)
    if isinstance(ip, IPv6Address) and ip not in _GLOBAL_V6:
        return False
    return ip.is_global and not any(ip in block for block in _SPECIAL)


def is_of_a_house(address: str) -> bool:
    """Whether an IP address is of a private network, or of this machine."""
    return any(_plain(address) in block for block in _HOUSES)


def is_literal(host: str) -> bool:
    """Whether a host of an URL is an IP address as it is written, and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _plain(address: str) -> IPv4Address | IPv6Address:
    ip = ip_address(address)
    # ::ffff:127.0.0.1 is 127.0.0.1.
    return (ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip
