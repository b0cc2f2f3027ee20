"""Rest: one anomaly is one alarm. After an alarm only what is stronger counts, then the bar sinks, in time.

In time and not in records: fifty records are four hours of one sensor and two days of another.
"""

from __future__ import annotations

from math import exp
from typing import Final

import msgspec

from processor.engine.detectors.hours import HOUR_US

REST_US: Final = 12 * HOUR_US  # half a day: what began in the evening is not told again in the morning
SINKING_US: Final = 12 * HOUR_US  # after it the bar falls to 1/e in this time
HABIT_US: Final = 4 * 24 * HOUR_US  # how long a series that alarms often is believed less
NEVER: Final = -(2**62)


class Rest(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The last strength that passed, when, and how many have passed lately (habit)."""

    bar: float = 0.0
    at: int = NEVER
    habit: float = 0.0


def strength_of(excess: float) -> float:
    """An excess as a number from 0 to 1."""
    return excess / (1.0 + excess)


def rested(rest: Rest, at_us: int, excess: float) -> tuple[Rest, float]:
    """What is left of an excess over zero after rest and habit: its strength from 0 to 1, or 0 if it does not pass."""
    since = at_us - rest.at
    if rest.at == NEVER:
        habit = bar = 0.0
    else:
        habit = rest.habit * exp(-since / HABIT_US)
        bar = rest.bar if since <= REST_US else rest.bar * exp((REST_US - since) / SINKING_US)
    strength = strength_of(excess) / (1.0 + habit)
    if strength <= bar:
        return rest, 0.0
    return Rest(strength, at_us, habit if since <= REST_US else habit + 1.0), strength
