"""Drift: small deviations that are all to one side. Their sum is what shows it, long before any of them is unusual.

The deviations are those of an hour's mean from what is usual at that hour of a workday or a day off, which follows
slowly; each is cut to a few spreads, and the sum forgets what a series without drift makes up by chance.

A sum that was large falls for days. So a drift is over when the sum has turned: by as much as is always usual.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from processor.engine.detectors.contract import USUAL, Aspect, Detector, Score
from processor.engine.detectors.hours import HOURS_A_DAY
from processor.engine.detectors.tables import moved, number_at, unknown

RATE: Final = 0.05  # of an hour of a workday or a day off: a month of workdays
SPREAD_RATE: Final = 0.01
LEAST: Final = 0.75  # spreads of each hour's deviation that count for nothing
MOST: Final = 3.0  # spreads that one hour may add
WARM_UP: Final = 7 * HOURS_A_DAY  # hours; until then the usual highest sum is learnt without a limit
GROWTH: Final = 0.3
LEAST_SUM: Final = 12.0  # spreads: the sum that is always usual
SMALLEST: Final = 1e-6
LATELY_RATE: Final = 0.2  # of the deviation that is told: some five hours
SATURDAY_HOUR: Final = 5 * HOURS_A_DAY
NO_HOUR: Final = -1


class Leaning(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="drift"):
    """The hour at hand, the sum and number of its values; hours seen; the spread; the sums up and down; the highest.

    `lately` is the mean deviation of the last hours. `turn` is the larger sum where it was at its highest since it
    began to rise; from when it has turned on, where it was at its lowest since, below zero.
    """

    hour: int
    total: float
    count: int
    hours: int
    spread: float
    up: float
    down: float
    highest: float
    usual: bytes
    lately: float = 0.0
    turn: float = 0.0


class Drift(Detector[Leaning]):
    """For what ages or leaks: a level gauge, a battery, a flow at night."""

    name: ClassVar[str] = "drift"
    least_excess: ClassVar[float] = 0.5
    grows: ClassVar[bool] = True
    calm_us: ClassVar[int] = 0  # the turn is calm enough

    def start(self) -> Leaning:
        return Leaning(NO_HOUR, 0.0, 0, 0, 0.0, 0.0, 0.0, LEAST_SUM, unknown(2 * HOURS_A_DAY))

    def observe(self, state: Leaning, at_us: int, value: float, hour: int) -> tuple[Leaning, Score]:
        if hour == state.hour:
            total, count = state.total + value, state.count + 1
            return msgspec.structs.replace(state, total=total, count=count), USUAL
        score = USUAL
        if state.count:
            state, score = _turned(state)
        return msgspec.structs.replace(state, hour=hour, total=value, count=1), score

    def is_usual(self, state: Leaning, score: Score, limit: float) -> bool:
        return state.turn <= 0


def _turned(state: Leaning) -> tuple[Leaning, Score]:
    """The hour at hand is over: its mean adds to the sums."""
    mean, place = state.total / state.count, _place(state.hour)
    usual = number_at(state.usual, place)
    if usual != usual:  # noqa: PLR0124 - NaN: the first time
        return msgspec.structs.replace(state, hours=state.hours + 1, usual=moved(state.usual, place, mean, 1.0)), USUAL
    off = mean - usual
    spread = max(state.spread, SMALLEST * abs(usual)) or abs(off)
    steps = max(-MOST, min(MOST, off / spread)) if spread else 0.0
    up, down = max(0.0, state.up + steps - LEAST), max(0.0, state.down - steps - LEAST)
    highest = max(up, down)
    warm = state.hours < WARM_UP
    excess = 0.0 if warm else (highest - state.highest) / state.highest
    lately = state.lately + LATELY_RATE * (off - state.lately)
    score = USUAL
    if excess > 0:
        score = Score(excess, usual + lately, usual, usual, usual, Aspect.DRIFT, rose=up > down)
    limit = highest if warm else min(highest, state.highest * (1.0 + GROWTH / HOURS_A_DAY))
    clipped = max(-MOST, min(MOST, off / spread)) * spread if spread else 0.0
    state = msgspec.structs.replace(
        state,
        hours=state.hours + 1,
        spread=spread + max(SPREAD_RATE, 1.0 / (state.hours + 1)) * (abs(clipped) - spread),
        up=up,
        down=down,
        highest=max(state.highest, limit),
        usual=moved(state.usual, place, usual + clipped, RATE),
        lately=lately,
        turn=_turn(state.turn, highest),
    )
    return state, score


def _turn(turn: float, now: float) -> float:
    """Where the sum has turned last, after it has come to a value."""
    if turn > 0:
        turn = max(turn, now)
        return turn if now > turn - LEAST_SUM else -now
    turn = max(turn, -now)
    return turn if now < LEAST_SUM - turn else now


def _place(hour: int) -> int:
    """The hour of a workday, or of a day off: weekends and holidays are the last rows of the week."""
    return hour % HOURS_A_DAY + (HOURS_A_DAY if hour >= SATURDAY_HOUR else 0)
