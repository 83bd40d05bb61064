"""A real name server on loopback, asked over UDP."""

import socket
import threading
import time
from collections.abc import Iterator

import dns.message
import dns.resolver
import dns.rrset
import pytest
from dns.rcode import Rcode

from mailflow.doors.authentication.resolver import MAX_TEXT, Kind, Lookup, limited_lookup

RECORDS = {
    ("client.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("client.example.", "AAAA"): ["2001:db8::1"],
    ("client.example.", "MX"): ["10 mx.client.example."],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["mx.client.example."],
    ("client.example.", "TXT"): ['"v=spf1 " "-all"', '"caf\\233"'],
    ("long.example.", "TXT"): [f'"{"x" * 255}" ' * (MAX_TEXT // 255 + 1), '"short"'],
    ("alias.example.", "CNAME"): ["client.example."],
}


class NameServer(threading.Thread):
    """Answers from `RECORDS`; to a name that begins with `silent` or `broken` it does as they say."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def run(self) -> None:
        with self._socket:
            while (received := self._socket.recvfrom(4096))[0]:
                answer = self._answer(dns.message.from_wire(received[0]))
                if answer is not None:
                    self._socket.sendto(answer.to_wire(max_size=65_000), received[1])

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", ("127.0.0.1", self.port))
        self.join()

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        name, kind = str(query.question[0].name).lower(), query.question[0].rdtype.name
        if name.startswith("silent"):
            return None
        answer = dns.message.make_response(query)
        known = {owner for owner, _ in RECORDS}
        if name.startswith("broken"):
            answer.set_rcode(Rcode.SERVFAIL)
        elif name not in known:
            answer.set_rcode(Rcode.NXDOMAIN)
        if (name, "CNAME") in RECORDS:
            (target,) = RECORDS[name, "CNAME"]
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", target))
            name = target
        if texts := RECORDS.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *texts))
        return answer


@pytest.fixture
def asked() -> Iterator[dns.resolver.Resolver]:
    server = NameServer()
    server.start()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = server.port
    yield resolver
    server.stop()


@pytest.fixture
def lookup(asked: dns.resolver.Resolver) -> Lookup:
    return limited_lookup(asked)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("client.example", "A", ["192.0.2.1", "192.0.2.2"]),
        ("Client.Example.", "AAAA", ["2001:db8::1"]),
        ("client.example", "MX", ["mx.client.example"]),
        ("1.2.0.192.in-addr.arpa", "PTR", ["mx.client.example"]),
        ("client.example", "TXT", ["v=spf1 -all", "caf\xe9"]),
        ("alias.example", "TXT", ["v=spf1 -all", "caf\xe9"]),
        ("long.example", "TXT", ["short"]),
        ("alias.example", "PTR", []),
        ("nowhere.example", "A", []),
        ("a..example", "A", []),
        ("x" * 64 + ".example", "A", []),
        ("x." * 130 + "example", "A", []),
        ("münchen.example", "A", []),
        ("client\\.example", "A", []),
        ("", "TXT", []),
        (".", "TXT", []),
    ],
)
def test_answers(lookup: Lookup, name: str, kind: Kind, expected: list[str]) -> None:
    assert sorted(lookup(name, kind)) == sorted(expected)


def test_a_server_in_trouble_is_no_answer(lookup: Lookup) -> None:
    with pytest.raises(TimeoutError):
        lookup("broken.example", "TXT")


def test_all_questions_about_one_mail_share_a_limit(
    asked: dns.resolver.Resolver,
) -> None:
    lookup = limited_lookup(asked, total=0.5, each=0.2)
    start = time.monotonic()
    for _ in range(20):
        with pytest.raises(TimeoutError):
            lookup("silent.example", "TXT")
    assert time.monotonic() - start < 1


def test_without_a_name_server_there_is_no_answer() -> None:
    with pytest.raises(TimeoutError):
        limited_lookup(dns.resolver.Resolver(configure=False))("client.example", "A")
