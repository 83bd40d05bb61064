"""Free slots: 60 days of a busy host, against a plain loop over times and busy spans, and against cal.com's code."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from mailflow.appointments.availability import HostTime, Hours, Rules, free_slots
from mailflow.config import Window
from mailflow.spans import MINUTE, Span, wall_time
from tests.benchmarks.clocks import seconds_each
from tests.benchmarks.race import Benchmark, Figure, Measure

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAYS = 60
BUSY = 500
ZONE = ZoneInfo("Europe/Berlin")
OFFICE = (Window(9 * 60, 12 * 60), Window(13 * 60, 17 * 60))
CAL_COM = Path(sys.prefix) / "cal.com"
"""Where `.bin/benchmark` unpacks its package."""
WITHIN = Span(NOW, NOW + timedelta(days=DAYS))
RULES = Rules(
    duration=timedelta(minutes=50),
    increment=timedelta(minutes=50),
    buffer_before=timedelta(),
    buffer_after=timedelta(minutes=10),
    minimum_notice=timedelta(hours=2),
    horizon=timedelta(days=DAYS),
    daily_limit=0,
)


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Measure]]:
    """A host who works from Monday to Friday, and has 500 times taken."""
    host = HostTime(Hours(ZONE, dict.fromkeys(range(5), OFFICE), {}), _busy(Random(1)), ())
    ours = partial(free_slots, RULES, [host], WITHIN, NOW)
    plain = partial(plain_loop, host)
    if ours() != plain():
        raise AssertionError("the two do not find the same slots")
    yield {
        "ms": lambda: seconds_each(ours) * 1000,
        "plain loop ms": lambda: seconds_each(plain) * 1000,
        "cal.com ms": partial(cal_com, host),
    }


def plain_loop(host: HostTime) -> list[Span]:
    """What one writes first: each start of each window, held against each busy time."""
    found = []
    day = NOW.astimezone(ZONE).date()
    for number in range(DAYS + 1):
        date = day + timedelta(days=number)
        for window in host.hours.on(date):
            start = wall_time(date, window.start, ZONE)
            end = wall_time(date, window.end, ZONE)
            while start + RULES.duration <= end:
                padded = RULES.padded(start)
                if NOW + RULES.minimum_notice <= start < WITHIN.end and not any(
                    busy.overlaps(padded) for busy in host.busy
                ):
                    found.append(RULES.slot(start))
                start += RULES.increment
    return found


def cal_com(host: HostTime) -> float:
    """Milliseconds of CPU in which cal.com finds slots for the same; its grid begins anew behind each busy time."""
    asked = {
        "zone": str(host.hours.zone),
        "windows": [[_clock(window.start), _clock(window.end)] for window in OFFICE],
        # It knows no buffers here: they are part of what is busy.
        "busy": [
            [str(busy.start - RULES.buffer_after), str(busy.end + RULES.buffer_before)]
            for busy in host.busy
        ],
        "within": [str(WITHIN.start), str(WITHIN.end)],
        "notBefore": str(NOW + RULES.minimum_notice),
        "increment": RULES.increment // MINUTE,
        "duration": RULES.duration // MINUTE,
    }
    command = ["node", str(Path(__file__).with_name("cal_com.js")), str(CAL_COM)]
    done = subprocess.run(
        command, input=json.dumps(asked).encode(), capture_output=True, check=True
    )
    answer = json.loads(done.stdout)
    if not answer["slots"]:
        raise AssertionError("cal.com finds no slots")
    return float(answer["ms"])


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _busy(random: Random) -> tuple[Span, ...]:
    starts = [NOW + timedelta(minutes=random.randrange(DAYS * 24 * 60)) for _ in range(BUSY)]
    return tuple(
        Span(start, start + timedelta(minutes=random.randrange(15, 90))) for start in starts
    )


BENCHMARK = Benchmark(
    "free-slots",
    opened,
    [
        Figure("free slots, 60 days, 500 busy times: ms", "ms", at_most=1),
        Figure("a plain loop against it", "plain loop ms", "ms", at_least=20),
        Figure("cal.com's slot code against it", "cal.com ms", "ms", at_least=50),
    ],
)
