"""Level: a value against the series' own level and spread, both robust: an outlier moves them only a little."""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from processor.engine.detectors.contract import USUAL, Detector, Score

WARM_UP: Final = 20  # values
RATE: Final = 0.01  # of level and spread, after 100 values; before, they are means
REACH: Final = 4.5  # spreads (mean absolute deviations) to either side are usual: 3.6 standard deviations
SMALLEST: Final = 1e-6  # of the level: the least spread that is believed


class Usual(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="level"):
    """How many values were seen, their level, and their mean absolute deviation from it."""

    seen: int
    level: float
    spread: float


class Level(Detector[Usual]):
    """For values without a daily rhythm: a tank, a voltage, a room's temperature."""

    name: ClassVar[str] = "level"
    least_excess: ClassVar[float] = 0.2

    def start(self) -> Usual:
        return Usual(0, 0.0, 0.0)

    def observe(self, state: Usual, at_us: int, value: float, hour: int) -> tuple[Usual, Score]:
        seen = state.seen + 1
        rate = max(RATE, 1.0 / seen)
        off = value - state.level
        if seen <= WARM_UP:
            return Usual(
                seen, state.level + rate * off, state.spread + rate * (abs(off) * (seen > 1) - state.spread)
            ), USUAL
        reach = REACH * max(state.spread, SMALLEST * abs(state.level))
        score = USUAL
        if abs(off) > reach:
            score = Score(
                (abs(off) - reach) / (2 * reach) if reach else 1.0,
                value,
                state.level,
                state.level - reach,
                state.level + reach,
            )
            off = reach if off > 0 else -reach
        return Usual(seen, state.level + rate * off, state.spread + rate * (abs(off) - state.spread)), score
