"""Who guesses links learns nothing by the clock: not which part of a guess is right, nor what else it opens."""

import http.client
import math
import random
import time
from bisect import bisect_right
from itertools import combinations
from pathlib import Path

from mailflow.keys import ALPHABET, ID_LENGTH, Keyring, Purpose
from tests.conftest import Count, Figure
from tests.end_to_end.world import World

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
KEYS = Keyring(["s" * 40])

ALIKE = 0.1
"""Two distributions that are further apart than this, and chance, are not the same."""


def test_wrong_links_take_equally_long(tmp_path: Path, count: Count, figure: Figure) -> None:
    chance = random.Random(1)
    rounds = count(150, 2_500)
    taken: dict[str, list[float]] = {name: [] for name in guesses(chance)}
    world = World(tmp_path)
    try:
        world.start()
        browser = http.client.HTTPConnection("127.0.0.1", world.http, timeout=20)
        for _ in range(rounds):
            found = list(guesses(chance).items())
            chance.shuffle(found)
            for name, token in found:
                taken[name].append(_seconds(browser, token))
        browser.close()
    finally:
        world.close()
    widest = max(distance(taken[one], taken[other]) for one, other in combinations(taken, 2))
    figure(
        f"of {rounds * len(taken)} guesses, the times of two kinds differ by (KS)", f"{widest:.3f}"
    )
    # One in a million such pairs differs by that much for no reason.
    assert widest < ALIKE + math.sqrt(-math.log(5e-7) / 2) * math.sqrt(2 / rounds)


def guesses(chance: random.Random) -> dict[str, str]:
    """A wrong link of each kind, all of them as long as a right one."""
    ident = "".join(chance.choices(ALPHABET, k=ID_LENGTH))
    facts, signature = KEYS.link(Purpose.SLOT, ident, 1, 2).split(".")
    others, _ = KEYS.link(Purpose.SLOT, ident[::-1], 1, 2).split(".")
    return {
        "nothing of it right": "".join(chance.choices(LETTERS, k=len(facts)))
        + "."
        + "".join(chance.choices(LETTERS, k=len(signature))),
        "signed for something else": f"{others}.{signature}",
        "a letter of the signature wrong": f"{facts}.{_altered(signature, chance)}",
        "right for another place": KEYS.link(Purpose.CONFIRM, ident, 1, 2),
    }


def _altered(signature: str, chance: random.Random) -> str:
    place = chance.randrange(len(signature))
    other = chance.choice(LETTERS.replace(signature[place], ""))
    return signature[:place] + other + signature[place + 1 :]


def _seconds(browser: http.client.HTTPConnection, token: str) -> float:
    began = time.perf_counter()
    browser.request("GET", f"/slot/{token}", headers={"Host": "flow.test"})
    answer = browser.getresponse()
    answer.read()
    assert answer.status == 404
    return time.perf_counter() - began


def distance(ones: list[float], others: list[float]) -> float:
    """How far two distributions are apart at most (Kolmogorov and Smirnov), from 0 to 1."""
    ones, others = sorted(ones), sorted(others)
    return max(
        abs(bisect_right(ones, one) / len(ones) - bisect_right(others, one) / len(others))
        for one in (*ones, *others)
    )
