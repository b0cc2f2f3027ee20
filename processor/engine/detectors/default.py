"""Default: several views of one series, each with the range seen so far. What leaves a range is unusual.

The range of a view grows only by a share of its width at a time, so that a first outage does not become usual at once
and the second one is told too. The views: the value; its smoothed deviation from what is usual at this hour of the day,
and of the week; the step from the value before; and how restless the values are. The parameters were chosen on one half
of the files of a public benchmark, see docs/decisions/0012-detectors.md.
"""

from __future__ import annotations

from math import inf
from struct import Struct
from typing import ClassVar, Final

import msgspec

from processor.engine.detectors.contract import USUAL, Aspect, Detector, Score
from processor.engine.detectors.hours import HOURS, HOURS_A_DAY
from processor.engine.detectors.tables import number_at, unknown, with_number

WARM_UP: Final = 80  # values; until then the ranges take in everything
GROWTH: Final = 0.3  # of its width, by which a range grows at most with one value
LEVEL_RATE: Final = 0.05  # of the level that stands in for an hour that was not seen yet
PROFILE_RATE: Final = 0.1
SMOOTHING: Final = 0.05  # of the deviations from the profiles
UNREST_RATE: Final = 0.02
NOISE: Final = 1e-6  # of the value: what single precision of the tables may make up
# How much each view's excess counts: value, hour of day, hour of week, step, unrest.
_WEIGHTS: Final = (1.0, 1.0, 0.5, 0.5, 1.0)
_ASPECTS: Final = (Aspect.VALUE, Aspect.LATELY, Aspect.LATELY, Aspect.JUMP, Aspect.UNREST)
_RANGES: Final = Struct("<10d")  # low and high of each view, in full precision and a third of a tuple's memory


class Views(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="default"):
    """`ranges`: low and high of each view; the tables: what is usual at an hour of the day, and of the week."""

    seen: int
    last: float
    level: float
    by_day: float
    by_week: float
    unrest: float
    ranges: bytes
    day: bytes
    week: bytes


class Default(Detector[Views]):
    """For any series of values of which nobody says what is usual."""

    name: ClassVar[str] = "default"
    least_excess: ClassVar[float] = 0.0175

    def start(self) -> Views:
        return Views(0, 0.0, 0.0, 0.0, 0.0, 0.0, bytes(_RANGES.size), unknown(HOURS_A_DAY), unknown(HOURS))

    def observe(self, state: Views, at_us: int, value: float, hour: int) -> tuple[Views, Score]:
        if not state.seen:
            first = _RANGES.pack(value, value, *[0.0] * 8)
            state = msgspec.structs.replace(state, last=value, level=value, ranges=first)
        day_hour = hour % HOURS_A_DAY
        off_week, week = _off_profile(state.week, hour, value, state.level)
        off_day, day = _off_profile(state.day, day_hour, value, state.level)
        by_week = state.by_week + SMOOTHING * (off_week - state.by_week)
        by_day = state.by_day + SMOOTHING * (off_day - state.by_day)
        step = abs(value - state.last)
        unrest = state.unrest + UNREST_RATE * (step - state.unrest)
        views = (value, by_day, by_week, step, unrest)
        packed, score = state.ranges, USUAL
        ranges = _RANGES.unpack(packed)
        if _leaves(views, ranges):
            if state.seen >= WARM_UP:
                score = _strongest(views, ranges, value - state.last, (value - off_day, value - off_week))
            packed = _RANGES.pack(*_grown(views, ranges, 0.0 if state.seen < WARM_UP else GROWTH))
        level = state.level + LEVEL_RATE * (value - state.level)
        return Views(state.seen + 1, value, level, by_day, by_week, unrest, packed, day, week), score


def _off_profile(table: bytes, hour: int, value: float, level: float) -> tuple[float, bytes]:
    """How far the value is from what the table says of this hour, and the table with the value taken in."""
    usual = number_at(table, hour)
    if usual != usual:  # noqa: PLR0124 - NaN: the hour was not seen yet
        return value - level, with_number(table, hour, value)
    off = value - usual
    if -NOISE < off / (abs(value) + NOISE) < NOISE:
        return 0.0, table
    return off, with_number(table, hour, usual + PROFILE_RATE * off)


def _leaves(views: tuple[float, ...], ranges: tuple[float, ...]) -> bool:
    """True if any view is outside of its range; on the hot path, so written out."""
    value, by_day, by_week, step, unrest = views
    low0, high0, low1, high1, low2, high2, low3, high3, low4, high4 = ranges
    return not (
        low0 <= value <= high0
        and low1 <= by_day <= high1
        and low2 <= by_week <= high2
        and low3 <= step <= high3
        and low4 <= unrest <= high4
    )


def _excess(view: float, low: float, high: float) -> float:
    """The distance from the range in its widths; 1 from a range that is a point: it has never moved before."""
    beyond = max(view - high, low - view)
    if beyond <= 0:
        return 0.0
    width = high - low
    return beyond / width if width > 0 else 1.0


def _strongest(views: tuple[float, ...], ranges: tuple[float, ...], step: float, usual: tuple[float, float]) -> Score:
    """The score of the view that is furthest out; `usual` is what the profiles say of this hour, of the day and week.

    Step and unrest have no direction of their own: it is that of the step.
    """
    excesses = [
        weight * _excess(view, ranges[2 * n], ranges[2 * n + 1])
        for n, (view, weight) in enumerate(zip(views, _WEIGHTS, strict=True))
    ]
    excess = max(excesses)
    n = excesses.index(excess)
    view, low, high = views[n], ranges[2 * n], ranges[2 * n + 1]
    aspect = _ASPECTS[n]
    if aspect is Aspect.LATELY:  # the sentence tells of values, not of deviations
        at_hour = usual[n - 1]
        return Score(excess, at_hour + view, at_hour, at_hour + low, at_hour + high, aspect)
    if aspect is Aspect.VALUE:
        return Score(excess, view, (low + high) / 2, low, high, aspect)
    return Score(excess, step if aspect is Aspect.JUMP else view, (low + high) / 2, low, high, aspect, rose=step > 0)


def _grown(views: tuple[float, ...], ranges: tuple[float, ...], share: float) -> tuple[float, ...]:
    """The ranges with the views taken in, but none grown by more than this share of its width; 0: without a limit."""
    grown: list[float] = []
    for n, view in enumerate(views):
        low, high = ranges[2 * n], ranges[2 * n + 1]
        width = high - low
        most = share * width if share and width > 0 else inf
        grown += (max(min(low, view), low - most), min(max(high, view), high + most))
    return tuple(grown)
