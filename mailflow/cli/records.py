"""What DNS says of the domain: where its mail goes, and who may send in its name."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing

from dns.exception import DNSException
from dns.resolver import NXDOMAIN, NoAnswer, Resolver
from dns.reversename import from_address

from mailflow.cli.findings import Finding, fail, ok, warn
from mailflow.config import Config
from mailflow.mail.wire.signing import Signer

PATIENCE = 4.0
"""Seconds for each question, tries included."""

PRIVATE = ("localhost", "test", "example", "invalid", "local", "internal", "lan", "home.arpa")
"""Domains that no public DNS knows (RFC 2606, RFC 6761, RFC 6762, RFC 8375)."""


Ask = Callable[[str, str], list[str]]
"""The records of a name and a type as text; none where there are none. DNSException: no answer."""

Connect = Callable[[str], str]
"""What a mail server says when somebody comes in; OSError where nobody answers."""


def look_up(name: str, kind: str) -> list[str]:
    """Ask the DNS of this machine."""
    resolver = Resolver()
    resolver.lifetime = PATIENCE
    try:
        return [record.to_text() for record in resolver.resolve(name, kind)]
    except (NXDOMAIN, NoAnswer):
        return []


def greeting(name: str) -> str:
    """What the server of that name says on port 25; OSError where nobody answers."""
    with closing(socket.create_connection((name, 25), PATIENCE)) as peer:
        peer.settimeout(PATIENCE)
        said = peer.recv(512).decode("ascii", "replace")
        peer.sendall(b"QUIT\r\n")
        return said


def dns_findings(
    config: Config, signer: Signer | None, ask: Ask = look_up, connect: Connect = greeting
) -> Iterator[Finding]:
    """MX and its server, SPF, DKIM and DMARC of the domain; a line instead, where there is no DNS to ask."""
    domain = config.mailflow.domain
    if "." not in domain or any(f".{domain}".endswith(f".{name}") for name in PRIVATE):
        yield ok("dns", f"{domain} is no public name: there is nothing to look up")
        return
    try:
        yield _mx(ask, domain)
        yield from _server(ask, connect, domain)
        yield _spf(ask, domain)
        yield _dkim(ask, signer)
        yield _dmarc(ask, domain)
    except DNSException as error:
        advice = "try again where DNS can be reached"
        yield warn("dns", f"DNS did not answer: {type(error).__name__}", advice)


def _server(ask: Ask, connect: Connect, domain: str) -> Iterator[Finding]:
    """Whether the first server of the domain takes mail from outside, and is known by its address."""
    for server in _servers(ask, domain)[:1]:
        yield _port_25(connect, server)
        yield _reverse_name(ask, server)


def _port_25(connect: Connect, server: str) -> Finding:
    try:
        greets = connect(server).startswith("220")
    except OSError as error:
        greets, said = False, error.strerror or str(error)
    else:
        said = "no mail server greets there"
    if greets:
        return ok("port 25", f"{server} takes mail")
    advice = "open port 25 in its firewall; from some networks nobody may go out to it: try another"
    return warn("port 25", f"{server} is not reached from here: {said}", advice)


def _reverse_name(ask: Ask, server: str) -> Finding:
    """Whether the server's address leads back to its name: large providers refuse mail from others."""
    for address in ask(server, "A") + ask(server, "AAAA"):
        names = [name.rstrip(".") for name in ask(from_address(address).to_text(), "PTR")]
        if not any(address in ask(name, "A") + ask(name, "AAAA") for name in names):
            advice = f"have your provider set the name of {address} to {server}"
            return warn("reverse name", f"{address} leads back to no name of its own", advice)
    return ok("reverse name", f"the addresses of {server} lead back to it")


def _servers(ask: Ask, domain: str) -> list[str]:
    """The servers of the MX records, the most wanted first."""
    records = (record.rpartition(" ") for record in ask(domain, "MX"))
    return [name.rstrip(".") for _, _, name in sorted(records, key=lambda one: int(one[0]))]


def _mx(ask: Ask, domain: str) -> Finding:
    servers = _servers(ask, domain)
    if servers:
        return ok("MX", f"mail for {domain} goes to {', '.join(servers)}")
    if ask(domain, "A") or ask(domain, "AAAA"):
        advice = f"name the server: {domain}. MX 10 NAME-OF-THE-SERVER."
        return warn("MX", f"{domain} has no MX: its mail goes to its own address", advice)
    advice = f"add the record: {domain}. MX 10 NAME-OF-THE-SERVER."
    return fail("MX", f"{domain} has no MX: no mail comes in", advice)


def _spf(ask: Ask, domain: str) -> Finding:
    if any(text.lower().startswith("v=spf1") for text in _texts(ask, domain)):
        return ok("SPF", f"{domain} says who may send for it")
    advice = f'add the record: {domain}. TXT "v=spf1 a:NAME-OF-THE-SMARTHOST -all"'
    return warn("SPF", f"{domain} has no SPF record: what it sends may land in junk", advice)


def _dkim(ask: Ask, signer: Signer | None) -> Finding:
    if signer is None:
        advice = "see that the smarthost signs, or set dkim_selector and dkim_key_file"
        return warn("DKIM", "mail is not signed here", advice)
    records = ["".join(text.split()) for text in _texts(ask, signer.name)]
    if any(f"p={signer.public_key}" in record.split(";") for record in records):
        return ok("DKIM", f"{signer.name} has the key that mail is signed with")
    what = "another key than the one here" if records else "no key"
    advice = f"have this record alone: {signer.name}. TXT {signer.record}"
    return fail("DKIM", f"{signer.name} has {what}: signed mail fails the check", advice)


def _dmarc(ask: Ask, domain: str) -> Finding:
    # A domain without a record has that of the domain above it (RFC 7489, section 6.6.3).
    names = [f"_dmarc.{domain}", f"_dmarc.{domain.partition('.')[2]}"]
    for name in names:
        if any(text.lower().startswith("v=dmarc1") for text in _texts(ask, name)):
            return ok("DMARC", f"{name} has a policy")
    advice = f'add the record: {names[0]}. TXT "v=DMARC1; p=none"'
    return warn("DMARC", f"{domain} has no DMARC record: large providers ask for one", advice)


def _texts(ask: Ask, name: str) -> list[str]:
    """TXT records, the strings of each joined (RFC 7208, section 3.3)."""
    return ["".join(record.split('"')[1::2]) for record in ask(name, "TXT")]
