"""When things happen: the estate's day by the hour."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from typing import Final

from herun.clock import DAY_US, HOUR_US

LOCAL: Final = timezone(timedelta(hours=8))
OFFSET_US: Final = 8 * HOUR_US

# Weight of each local hour; only their proportions count.
CARS_OUT: Final = (2, 1, 1, 1, 2, 6, 25, 60, 45, 18, 12, 11, 12, 14, 11, 10, 11, 13, 14, 14, 11, 8, 5, 3)
CARS_IN: Final = (3, 2, 1, 1, 1, 2, 6, 10, 9, 9, 11, 14, 13, 11, 10, 12, 18, 40, 58, 42, 26, 16, 10, 5)
PEOPLE: Final = (1, 1, 1, 1, 2, 10, 30, 48, 36, 24, 22, 26, 26, 20, 18, 20, 28, 42, 48, 44, 34, 20, 9, 3)
EVEN: Final = (1,) * 24


def local_hour(at_us: int) -> float:
    """Hour of the local day, 0 to 24."""
    return ((at_us + OFFSET_US) % DAY_US) / HOUR_US


def local_text(at_us: int) -> str:
    """Local time of day for people, HH:MM:SS."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(LOCAL).strftime("%H:%M:%S")


def arrivals(rng: random.Random, start_us: int, a_day: float, weights: tuple[int, ...] = EVEN) -> Iterator[int]:
    """Moments from `start_us` on without end, `a_day` of them on average, denser where the hour weighs more.

    A Poisson process, thinned from the densest hour's rate.
    """
    densest = max(weights)
    mean_gap_us = DAY_US / (a_day * densest * 24 / sum(weights))
    at = start_us
    while True:
        at += max(1, int(rng.expovariate(1) * mean_gap_us))
        if rng.random() * densest < weights[int(local_hour(at))]:
            yield at


def regularly(rng: random.Random, start_us: int, every_us: int) -> Iterator[int]:
    """Moments about `every_us` apart; the first soon after the start, as a sensor reports when it is switched on."""
    first = start_us + rng.randrange(every_us // 20)
    jitter = every_us // 50
    return (first + n * every_us + rng.randrange(jitter) for n in count())
