"""How long a piece of code takes, with as little noise as can be had."""

import time
from collections.abc import Callable

ENOUGH = 0.2
"""Seconds of work in one measurement, so that the clock's steps and a stray interrupt weigh little."""


def seconds_each(work: Callable[[], object]) -> float:
    """CPU seconds that one call of `work` takes."""
    number = 1
    while True:
        began = time.process_time()
        for _ in range(number):
            work()
        spent = time.process_time() - began
        if spent >= ENOUGH:
            return spent / number
        number = max(number * 2, int(number * 1.2 * ENOUGH / max(spent, 1e-9)))
