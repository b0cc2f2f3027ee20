"""Calibration: how many alarms a week a series would raise at a given strength, by its own history.

What a detector calls unusual comes as peaks, a rest apart. Their heights (the logarithm of the excess) have, seen from
their median, a tail that falls off exponentially; middle, spread and how often peaks come are learnt from
the series. So "at most N false alarms a week" needs no unit, and means the same for a noisy series and a quiet one. A
peak is taken in as no more than CLIP spreads above the middle: an outage must not make the next one usual.
"""

from __future__ import annotations

from math import exp, log
from typing import Final

import msgspec

from processor.engine.detectors.hours import HOUR_US

WEEK_US: Final = 7 * 24 * HOUR_US
MEMORY_WEEKS: Final = 8.0  # what is older counts for 1/e: a season, not a year
CLIP: Final = 3.0
RATE: Final = 0.1  # of middle and spread, once so many peaks were seen that their mean would move slower
# What is believed before anything was seen: a peak a week, as strong as the least that counts, spread by a factor e.
PRIOR_WEEKS: Final = 1.0
PRIOR_SPREAD: Final = 1.0
SMALLEST_SPREAD: Final = 0.2
# Verdicts move the bar by these factors, as far as MOST, and are forgotten: sensors get mended.
_RAISE: Final = log(2.0)
_LOWER: Final = log(1.25)
MOST: Final = log(8.0)
VERDICT_MEMORY_WEEKS: Final = 8.0
_STEPS: Final[dict[str, float]] = {"false": _RAISE, "nuisance": _RAISE, "true": -_LOWER}


class Calibration(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a series' peaks are like: since when, how many, their heights' middle and spread; and what people said.

    `weeks` and `peaks` are as of `at_us`; `bias` is by how much verdicts have moved the bar, a logarithm.
    """

    since_us: int
    at_us: int
    weeks: float
    peaks: float
    middle: float
    spread: float
    bias: float = 0.0


def fresh(at_us: int, least_excess: float) -> Calibration:
    """The calibration of a series that begins now."""
    return Calibration(at_us, at_us, PRIOR_WEEKS, 1.0, height_of(0.0, least_excess), PRIOR_SPREAD)


def height_of(excess: float, least_excess: float) -> float:
    """The logarithm of an excess; what is far below the least that counts is all about as high."""
    return log(excess + least_excess)


def aged(calibration: Calibration, at_us: int) -> Calibration:
    """The same at a later time."""
    weeks = (at_us - calibration.at_us) / WEEK_US
    left = exp(-weeks / MEMORY_WEEKS)
    return msgspec.structs.replace(
        calibration,
        at_us=at_us,
        weeks=calibration.weeks * left + MEMORY_WEEKS * (1.0 - left),
        peaks=calibration.peaks * left,
        bias=calibration.bias * exp(-weeks / VERDICT_MEMORY_WEEKS),
    )


def weekly(calibration: Calibration, height: float) -> float:
    """How many peaks at least this high a usual week has."""
    above = (height - calibration.middle) / calibration.spread
    share = 0.5 * exp(-above) if above > 0 else 1.0 - 0.5 * exp(above)
    return calibration.peaks / calibration.weeks * share


def probability(a_week: float) -> float:
    """The chance that a usual week has at least one of what comes so often."""
    return 1.0 - exp(-a_week)


def bar(calibration: Calibration, false_alarms_per_week: float, least_excess: float) -> float:
    """The height from which on a peak is an alarm: rare enough, worth it at all, and moved by verdicts."""
    usual = calibration.peaks / calibration.weeks
    wanted = false_alarms_per_week / usual if usual > 0 else 1.0
    above = -log(2.0 * wanted) if wanted < 0.5 else 0.0
    return (
        max(calibration.middle + above * calibration.spread, height_of(least_excess, least_excess)) + calibration.bias
    )


def taken_in(calibration: Calibration, height: float) -> Calibration:
    """The calibration after one more peak; it is as of that peak's time already."""
    rate = max(RATE, 1.0 / (calibration.peaks + 1.0))
    off = min(height - calibration.middle, CLIP * calibration.spread)
    return msgspec.structs.replace(
        calibration,
        peaks=calibration.peaks + 1.0,
        middle=calibration.middle + rate * off,
        spread=max(SMALLEST_SPREAD, calibration.spread + rate * (abs(off) - calibration.spread)),
    )


def judged(calibration: Calibration, verdict: str) -> Calibration:
    """After people have said what an alarm was: a false one raises the bar, a true one lowers it, within MOST.

    Drills and tests say nothing about the series.
    """
    bias = max(-MOST, min(MOST, calibration.bias + _STEPS.get(verdict, 0.0)))
    return msgspec.structs.replace(calibration, bias=bias)
