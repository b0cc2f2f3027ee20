"""Count: events an hour against what is usual at this hour of the week. It knows zero: an hour is closed by a timer.

Too many is told as soon as they are too many, too few when the hour is over. Events come in groups, so the spread is
that of a Poisson process times what the series was seen to have more.
"""

from __future__ import annotations

from math import sqrt
from typing import ClassVar, Final

import msgspec

from processor.engine.detectors.contract import USUAL, Aspect, Detector, Score
from processor.engine.detectors.hours import HOUR_US, HOURS, HOURS_A_DAY
from processor.engine.detectors.profile import RATE, learnt, usual_at
from processor.engine.detectors.tables import unknown

GRACE_US: Final = 2 * 60_000_000  # after the hour: what is on its way, and clocks two minutes off
EXCESS_RATE: Final = 0.005  # of how much wider the counts are spread than a Poisson process
REACH: Final = 3.0  # standard deviations to either side are usual
LEAST_VARIANCE: Final = 1.0  # an hour in which nothing came yet may well have one event, not four
MOST: Final = 9.0  # deviations, squared, that one hour counts for: a surge does not make the next one usual
WIDEST: Final = 20.0
NO_HOUR: Final = -1


class OpenHour(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="count"):
    """The hour at hand: when it began, if all of it was seen, its count; variance over mean; the tables of means."""

    hour: int
    began_us: int
    is_whole: bool
    count: float
    dispersion: float
    week: bytes
    day: bytes


class Counts(Detector[OpenHour]):
    """For passages, captures, openings: what matters is how many, and also that there are none."""

    name: ClassVar[str] = "count"
    least_excess: ClassVar[float] = 0.1
    calm_us: ClassVar[int] = HOURS_A_DAY * HOUR_US  # the night may be usual where noon is not
    reads_values: ClassVar[bool] = False

    def start(self) -> OpenHour:
        return OpenHour(NO_HOUR, 0, False, 0.0, 1.0, unknown(HOURS), unknown(HOURS_A_DAY))

    def observe(self, state: OpenHour, at_us: int, value: float, hour: int) -> tuple[OpenHour, Score]:
        closed, score = USUAL, USUAL
        if at_us >= state.began_us + HOUR_US or state.hour == NO_HOUR:
            state, closed = _turned(state, at_us, hour)
        count = state.count + value
        state = msgspec.structs.replace(state, count=count)
        usual = _usual(state)
        if usual is not None and count > usual[2]:
            score = _score(count, usual)
        return state, max(closed, score, key=lambda each: each.excess)

    def due(self, state: OpenHour) -> int | None:
        return None if state.hour == NO_HOUR else state.began_us + HOUR_US + GRACE_US

    def interrupted(self, state: OpenHour, for_us: int, at_us: int, hour: int) -> OpenHour:
        began_us = at_us - at_us % HOUR_US
        if state.hour == NO_HOUR or began_us <= state.began_us:
            return msgspec.structs.replace(state, is_whole=False)
        return msgspec.structs.replace(state, hour=hour, began_us=began_us, is_whole=False, count=0.0)

    def pass_time(self, state: OpenHour, at_us: int, hour: int) -> tuple[OpenHour, Score]:
        return _turned(state, at_us, hour)


def _turned(state: OpenHour, at_us: int, hour: int) -> tuple[OpenHour, Score]:
    """The hour at hand is over: if all of it was seen, it is judged (too few?) and taken in.

    Hours between it and the next say nothing: nobody waited for them.
    """
    began_us = at_us - at_us % HOUR_US
    if not state.is_whole:
        is_next = state.hour != NO_HOUR
        return OpenHour(hour, began_us, is_next, 0.0, state.dispersion, state.week, state.day), USUAL
    usual = _usual(state)
    score, count, dispersion = USUAL, state.count, state.dispersion
    if usual is not None:
        expected, low, high = usual
        if count < low:
            score = _score(count, usual)
        count = max(low, min(high, count))
        squared = (count - expected) ** 2 / max(expected, LEAST_VARIANCE)
        dispersion += EXCESS_RATE * (min(squared, MOST * dispersion) - dispersion)
        dispersion = max(1.0, min(WIDEST, dispersion))
    week, day = learnt(state.week, state.day, state.hour, count)
    return OpenHour(hour, began_us, True, 0.0, dispersion, week, day), score


def _usual(state: OpenHour) -> tuple[float, float, float] | None:
    """What is expected in the hour at hand, and its usual range; None if this hour was never seen on any day."""
    expected, is_sure = usual_at(state.week, state.day, state.hour)
    if expected is None:
        return None
    unsure = 1.0 + RATE if is_sure else 2.0
    reach = REACH * sqrt(unsure * state.dispersion * expected + LEAST_VARIANCE)
    return expected, max(0.0, expected - reach), expected + reach


def _score(count: float, usual: tuple[float, float, float]) -> Score:
    expected, low, high = usual
    beyond = max(count - high, low - count)
    return Score(beyond / (high - low), count, expected, low, high, Aspect.COUNT)
