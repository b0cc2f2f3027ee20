"""Cars that leave and come home, and visitors that come and leave: whoever is seen going out was inside.

The same for the same seed, whichever camera asks: each picks what passes itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

from herun.clock import DAY_US, HOUR_US, MINUTE_US
from simulators.estate import Estate
from simulators.inventory import GATES
from simulators.population import make_plate
from simulators.rhythm import CARS_IN, CARS_OUT, OFFSET_US

PASSAGES_A_CAR: Final = 0.6  # a day and direction, visitors among them: not every car moves every day
VISITOR_SHARE: Final = 0.15  # of passages
SHORTEST_AWAY_US: Final = 20 * MINUTE_US
SHORTEST_VISIT_US: Final = 10 * MINUTE_US
LONGEST_VISIT_US: Final = 4 * HOUR_US
LAST_US: Final = DAY_US - MINUTE_US  # of the day: everybody is back by then

# How many times a camera reads a car that passes, and how often it takes a character for another in all but the first.
READS: Final = (1, 2, 3)
READ_WEIGHTS: Final = (70, 22, 8)
MISREAD_SHARE: Final = 0.3
# What cameras take for one another, of the characters that cars have on their plates.
LOOKALIKES: Final = {"0": "D", "D": "0", "8": "B", "B": "8", "2": "Z", "5": "S", "S": "5", "6": "G", "G": "6", "Q": "0"}


@dataclass(frozen=True, slots=True)
class Passing:
    """One car at one gate."""

    at_us: int
    gate: str
    direction: str
    plate: str
    new_energy: bool


def passings(estate: Estate, gate: str, direction: str, start_us: int) -> Iterator[Passing]:
    """All that pass a gate in one direction from `start_us` on, without end, in time order."""
    first_day = (start_us + OFFSET_US) // DAY_US
    for day in count(first_day):
        midnight = day * DAY_US - OFFSET_US
        for each in _day(estate, estate.rng("traffic", day - first_day), midnight):
            if each.gate == gate and each.direction == direction and each.at_us >= start_us:
                yield each


def _day(estate: Estate, rng: random.Random, midnight: int) -> list[Passing]:
    """One local day's traffic."""
    found: list[Passing] = []
    for car in estate.cars:
        if rng.random() < PASSAGES_A_CAR * (1 - VISITOR_SHARE):
            leaves, returns = _moment(rng, CARS_OUT), _moment(rng, CARS_IN)
            if leaves + SHORTEST_AWAY_US <= returns:
                found.append(Passing(midnight + leaves, rng.choice(GATES), "out", car.plate, car.new_energy))
                found.append(Passing(midnight + returns, rng.choice(GATES), "in", car.plate, car.new_energy))
    for _ in range(round(len(estate.cars) * PASSAGES_A_CAR * VISITOR_SHARE)):
        plate, comes = make_plate(rng), _moment(rng, CARS_IN)
        leaves = min(comes + rng.randint(SHORTEST_VISIT_US, LONGEST_VISIT_US), LAST_US)
        if comes + SHORTEST_VISIT_US <= leaves:
            found.append(Passing(midnight + comes, rng.choice(GATES), "in", plate, new_energy=False))
            found.append(Passing(midnight + leaves, rng.choice(GATES), "out", plate, new_energy=False))
    return sorted(found, key=lambda each: (each.at_us, each.plate))


def _moment(rng: random.Random, weights: tuple[int, ...]) -> int:
    """A moment of the day, likelier in the hours that weigh more."""
    (hour,) = rng.choices(range(24), weights)
    return min(hour * HOUR_US + rng.randrange(HOUR_US), LAST_US)


def misread(plate: str, rng: random.Random) -> str:
    """The plate with one character taken for its look-alike; as it is if it has none."""
    places = [n for n, char in enumerate(plate) if n > 1 and char in LOOKALIKES]
    if not places:
        return plate
    place = rng.choice(places)
    return plate[:place] + LOOKALIKES[plate[place]] + plate[place + 1 :]
