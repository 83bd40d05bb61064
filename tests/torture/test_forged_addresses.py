"""Who guesses addresses gets in by none of them, and learns nothing by the answer or by the clock."""

import math
import random
import smtplib
import time
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, product

import pytest

from mailflow import config
from mailflow.keys import ALPHABET, Keyring
from mailflow.mail.own_addresses import OwnAddresses
from tests.conftest import Count, Figure
from tests.end_to_end.world import PATIENCE, World
from tests.torture.test_guessing import ALIKE, distance

UNKNOWN = (550, b"5.1.1 no such address here")
TAKEN = (250, b"2.1.5 recipient taken")
NAMES = ("dana", "erik", "book", "bounce")
IDENT = "abcdefghijkl"

PATIENT = 15
"""Wrong recipients in one session; at twenty the listener hangs up."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    try:
        made.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def own(world: World) -> OwnAddresses:
    """Writes addresses that hold there."""
    return OwnAddresses(config.load(world.config, {}), Keyring(["s" * 40]))


class Prober:
    """A peer that asks for one recipient after another, and begins anew before it is sent away."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._asked = 0
        self._open()

    def _open(self) -> None:
        self._client = smtplib.SMTP("127.0.0.1", self._port, timeout=PATIENCE)
        self._client.ehlo("prober")
        self._client.docmd("MAIL FROM:<>")

    def ask(self, address: bytes) -> tuple[int, bytes]:
        """The answer to a recipient."""
        if self._asked % PATIENT == PATIENT - 1:
            self._client.close()
            self._open()
        self._asked += 1
        self._client.send(b"RCPT TO:<" + address + b">\r\n")
        return self._client.getreply()

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def prober(world: World) -> Iterator[Prober]:
    made = Prober(world.smtp)
    yield made
    made.close()


def altered(address: str) -> Iterator[str]:
    """With another letter at each place of the token, cut at each place, longer, and behind another name."""
    local, _, domain = address.partition("@")
    name, _, token = local.partition("+")
    for place, letter in enumerate(token):
        for other in ALPHABET.replace(letter, ""):
            yield f"{name}+{token[:place]}{other}{token[place + 1 :]}@{domain}"
        yield f"{name}+{token[:place]}@{domain}"
        yield f"{name}+{token[place + 1 :]}@{domain}"
        yield f"{name}+{token[:place]}{token[place + 1 :]}@{domain}"
    for letter in ALPHABET:
        yield f"{name}+{token}{letter}@{domain}"
        yield f"{name}+{letter}{token}@{domain}"
    yield f"{name}+{token}+{token}@{domain}"
    for other in NAMES:
        if other != name:
            yield f"{other}+{token}@{domain}"


def with_a_bit_turned(address: str) -> Iterator[bytes]:
    """Each bit of the token but the one that tells a letter's case, which means nothing in an address."""
    octets = address.encode()
    start, end = octets.index(b"+") + 1, octets.index(b"@")
    for place, bit in product(range(start, end), range(8)):
        turned = octets[:place] + bytes([octets[place] ^ 1 << bit]) + octets[place + 1 :]
        if turned.lower() != octets:
            yield turned


def test_no_forged_address_is_taken(own: OwnAddresses, prober: Prober, figure: Figure) -> None:
    rights = (
        own.conversation("dana", IDENT),
        own.question("dana", IDENT),
        own.slot(IDENT, 1, 2),
        own.bounce(7),
    )
    for right in rights:
        assert prober.ask(right.encode()) == TAKEN
        assert prober.ask(right.upper().encode()) == TAKEN
    forged = [one.encode() for right in rights for one in altered(right)]
    assert Counter(map(prober.ask, forged)) == {UNKNOWN: len(forged)}
    turned = [one for right in rights for one in with_a_bit_turned(right)]
    answers = Counter(code for code, _ in map(prober.ask, turned))
    assert set(answers) <= {500, 501, 550}
    figure("forged, altered, cut, crossed addresses: asked for", len(forged) + len(turned))
    figure("of these taken", answers[TAKEN[0]])


def test_wrong_addresses_take_equally_long(
    own: OwnAddresses, prober: Prober, count: Count, figure: Figure
) -> None:
    chance = random.Random(1)
    rounds = count(300, 3_000)
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        found = list(guesses(own, chance).items())
        chance.shuffle(found)
        for kind, address in found:
            began = time.perf_counter()
            assert prober.ask(address.encode()) == UNKNOWN
            taken.setdefault(kind, []).append(time.perf_counter() - began)
    widest = max(distance(taken[one], taken[other]) for one, other in combinations(taken, 2))
    figure(
        f"of {rounds * len(taken)} guessed addresses, the times of two kinds differ by (KS)",
        f"{widest:.3f}",
    )
    # One in a million such pairs differs by that much for no reason.
    assert widest < ALIKE + math.sqrt(-math.log(5e-7) / 2) * math.sqrt(2 / rounds)


def guesses(own: OwnAddresses, chance: random.Random) -> dict[str, str]:
    """A wrong address of each kind behind a host's handle, all of them as long as a right one."""
    ident = "".join(chance.choices(ALPHABET, k=len(IDENT)))
    token = own.conversation("dana", ident).partition("@")[0].partition("+")[2]
    last = chance.choice(ALPHABET.replace(token[-1], ""))
    return {
        "nothing of it right": f"dana+{''.join(chance.choices(ALPHABET, k=len(token)))}@flow.test",
        "its last letter wrong": f"dana+{token[:-1]}{last}@flow.test",
        "signed for another host": own.conversation("erik", ident).replace("erik", "dana"),
        "signed for something else": own.slot(ident, 1, 2).replace("book", "dana"),
    }
