"""Seasonal: a value against what is usual at this hour of the week, where a holiday is a day of its own kind.

An hour's mean is taken in when the hour is over, so one bad value does not spoil it, and clipped to the usual range.
For an hour of the week that was not seen yet another one stands in (profile.py), within twice the usual range.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from processor.engine.detectors.contract import USUAL, Aspect, Detector, Score
from processor.engine.detectors.hours import HOUR_US, HOURS, HOURS_A_DAY
from processor.engine.detectors.profile import learnt, usual_at
from processor.engine.detectors.tables import number_at, unknown, with_number

SPREAD_RATE: Final = 0.02
OVERALL_RATE: Final = 0.002
LEAST_SHARE: Final = 0.5
WARM_UP: Final = 20  # values at hours that were known
OFFSET_RATE: Final = 0.01  # of the level that all hours share: a warm week lifts every hour
REACH: Final = 4.5
UNSURE: Final = 2.0  # how much wider the range of an hour is that was not seen yet
SMALLEST: Final = 1e-6
NO_HOUR: Final = -1


class Season(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="seasonal"):
    """The hour at hand with the sum and number of its values, what all hours share, and the tables by hour.

    `overall` is the mean absolute deviation of the values `seen` at hours that were known, `spread` by hour of the day.
    """

    hour: int
    total: float
    count: int
    offset: float
    seen: int
    overall: float
    week: bytes
    day: bytes
    spread: bytes


class Seasonal(Detector[Season]):
    """For values that follow people and the sun: noise, power, temperature outdoors."""

    name: ClassVar[str] = "seasonal"
    least_excess: ClassVar[float] = 0.2
    calm_us: ClassVar[int] = HOURS_A_DAY * HOUR_US  # the night may be usual where noon is not

    def start(self) -> Season:
        return Season(NO_HOUR, 0.0, 0, 0.0, 0, 0.0, unknown(HOURS), unknown(HOURS_A_DAY), unknown(HOURS_A_DAY))

    def observe(self, state: Season, at_us: int, value: float, hour: int) -> tuple[Season, Score]:
        if hour != state.hour:
            state = _turned(state, hour)
        usual, is_sure = usual_at(state.week, state.day, hour)
        if usual is None:
            return msgspec.structs.replace(state, total=state.total + value, count=state.count + 1), USUAL
        expected = usual + state.offset
        off, score = value - expected, USUAL
        spread = _spread(state, hour)
        reach = REACH * max(spread, SMALLEST * abs(expected)) * (1.0 if is_sure else UNSURE)
        if abs(off) > reach and state.seen >= WARM_UP:
            excess = (abs(off) - reach) / (2 * reach) if reach else 1.0
            score = Score(excess, value, expected, expected - reach, expected + reach, Aspect.HOUR)
            off = reach if off > 0 else -reach
        seen, overall, spreads = state.seen, state.overall, state.spread
        if is_sure:
            seen += 1
            overall += max(OVERALL_RATE, 1.0 / seen) * (abs(off) - overall)
            spreads = with_number(spreads, hour % HOURS_A_DAY, spread + SPREAD_RATE * (abs(off) - spread))
        total, offset = state.total + expected + off, state.offset + OFFSET_RATE * off
        return Season(hour, total, state.count + 1, offset, seen, overall, state.week, state.day, spreads), score


def _spread(state: Season, hour: int) -> float:
    """The spread at this hour of the day, but never far below that of all hours: a few values may agree by chance."""
    spread = number_at(state.spread, hour % HOURS_A_DAY)
    return max(spread, state.overall * LEAST_SHARE) if spread == spread else state.overall  # noqa: PLR0124 - not NaN


def _turned(state: Season, hour: int) -> Season:
    """Another hour begins: the mean of the one before goes into the tables."""
    week, day = state.week, state.day
    if state.count:
        mean = state.total / state.count - state.offset
        week, day = learnt(week, day, state.hour, mean)
    return Season(hour, 0.0, 0, state.offset, state.seen, state.overall, week, day, state.spread)
