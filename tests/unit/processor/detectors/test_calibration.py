"""Rest, calibration and watch: from an excess to at most so many alarms a week."""

from __future__ import annotations

import random
from itertools import pairwise
from math import sqrt
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.engine.detectors import calibration as calibrations
from processor.engine.detectors.calibration import MOST, Calibration, bar, fresh, judged, weekly
from processor.engine.detectors.contract import Detector
from processor.engine.detectors.hours import HOUR_US
from processor.engine.detectors.level import Level
from processor.engine.detectors.rest import REST_US, Rest, rested
from processor.engine.detectors.watch import DETECTORS, Settings
from tests.unit.processor.detectors.series import (
    DAY_US,
    MINUTE_US,
    START_US,
    WEEK_US,
    Series,
    arrivals,
    every,
    noise,
    watched,
)

LEAST = 0.2
WEEKS = 26


def heavy(seed: int, count: int) -> list[float]:
    """Noise with outliers: a tenth is ten times as wide."""
    rng = random.Random(seed)
    return [rng.gauss(50, 20 if rng.random() < 0.1 else 2) for _ in range(count)]


STATIONARY: dict[str, Series] = {
    "gauss": every(15 * MINUTE_US, noise(1, WEEKS * 672)),
    "outliers": every(15 * MINUTE_US, heavy(2, WEEKS * 672)),
    "coarse": every(15 * MINUTE_US, [round(value / 4) * 4.0 for value in noise(3, WEEKS * 672)]),
    "arrivals": arrivals(4, WEEKS, [1.0] * 6 + [8.0] * 18),
}


@pytest.mark.parametrize("name", STATIONARY)
@pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS.keys())
def test_a_series_without_anomalies_has_no_more_alarms_than_were_asked_for(detector: Detector[Any], name: str) -> None:
    wanted, series = 0.5, STATIONARY[name]
    _, alarms = watched(detector, Settings(wanted, warm_up_us=2 * WEEK_US), series)
    expected = wanted * (WEEKS - 2)
    assert len(alarms) <= expected + 2 * sqrt(expected)  # two standard deviations of such a count


def test_more_alarms_are_had_by_asking_for_more() -> None:
    numbers = [
        len(watched(Level(), Settings(wanted, 2 * WEEK_US), STATIONARY["outliers"])[1]) for wanted in (0.1, 1.0, 10.0)
    ]
    assert numbers[0] < numbers[1] < numbers[2]


def test_nothing_is_an_alarm_before_the_warm_up_is_over() -> None:
    values = noise(5, 2000)
    values[500] = values[1500] = 1e6
    _, alarms = watched(Level(), Settings(1.0, 1000 * MINUTE_US), every(MINUTE_US, values))
    assert [at for at, _ in alarms] == [START_US + 1500 * MINUTE_US]


@pytest.mark.parametrize(("direction", "expected"), [("both", [1000, 3000]), ("up", [1000]), ("down", [3000])])
def test_only_the_wanted_side_is_told(direction: Any, expected: list[int]) -> None:
    values = noise(6, 4000)
    values[1000], values[3000] = 90.0, 10.0
    _, alarms = watched(Level(), Settings(1.0, DAY_US // 2, direction), every(MINUTE_US, values))
    assert [(at - START_US) // MINUTE_US for at, _ in alarms] == expected


def test_an_anomaly_is_one_alarm_however_long_it_lasts() -> None:
    values = noise(7, 4000)
    values[3000:3600] = [80.0] * 600
    _, alarms = watched(Level(), Settings(1.0, DAY_US), every(MINUTE_US, values))
    assert [(at - START_US) // MINUTE_US for at, _ in alarms] == [3000]


def test_an_oddity_hides_no_disaster() -> None:
    values = noise(8, 4000)
    values[3000], values[3060] = 70.0, 9e3
    _, alarms = watched(Level(), Settings(1.0, DAY_US), every(MINUTE_US, values))
    assert [(at - START_US) // MINUTE_US for at, _ in alarms] == [3000, 3060]
    assert alarms[0][1].probability > alarms[1][1].probability


def test_the_second_outage_is_told_like_the_first() -> None:
    values = noise(9, 8000)
    values[3000:3010] = values[6000:6010] = [0.0] * 10
    _, alarms = watched(Level(), Settings(1.0, DAY_US), every(MINUTE_US, values))
    assert [(at - START_US) // MINUTE_US for at, _ in alarms] == [3000, 6000]


def test_rest_is_a_time_and_not_a_number_of_values() -> None:
    for step in (MINUTE_US, HOUR_US):
        rest, passed = Rest(), []
        for n in range(3 * REST_US // step):
            rest, strength = rested(rest, START_US + n * step, 1.0)
            passed += [n * step] if strength else []
        assert passed[0] == 0
        assert all(later - earlier > REST_US for earlier, later in pairwise(passed))


@given(st.lists(st.floats(0.01, 10), min_size=2, max_size=20))
def test_within_a_rest_only_what_is_stronger_passes(heights: list[float]) -> None:
    rest, passed = Rest(), []
    for n, height in enumerate(heights):
        rest, strength = rested(rest, START_US + n, height)
        passed += [strength] if strength else []
    assert passed == sorted(passed)
    assert len(set(passed)) == len(passed)


@given(st.lists(st.sampled_from(["true", "false", "nuisance", "drill", "test"]), max_size=40))
def test_verdicts_move_the_bar_in_their_direction_and_within_bounds(verdicts: list[str]) -> None:
    known = fresh(START_US, LEAST)
    begun = bar(known, 1.0, LEAST)
    for verdict in verdicts:
        before = bar(known, 1.0, LEAST)
        known = judged(known, verdict)
        moved = bar(known, 1.0, LEAST) - before
        assert {"true": moved <= 0, "false": moved >= 0, "nuisance": moved >= 0}.get(verdict, moved == 0)
        assert abs(bar(known, 1.0, LEAST) - begun) <= MOST + 1e-9
    assert bar(judged(fresh(START_US, LEAST), "false"), 1.0, LEAST) > begun
    assert bar(judged(fresh(START_US, LEAST), "true"), 1.0, LEAST) < begun


def test_verdicts_are_forgotten() -> None:
    known = judged(fresh(START_US, LEAST), "false")
    later = calibrations.aged(known, START_US + 52 * WEEK_US)
    assert 0 < later.bias < known.bias / 100


@given(st.floats(-3, 6), st.floats(-3, 6), st.floats(0.2, 3), st.floats(0.1, 40), st.floats(0.5, 8))
def test_what_is_higher_is_rarer(one: float, other: float, spread: float, peaks: float, weeks: float) -> None:
    known = Calibration(0, 0, weeks, peaks, 0.0, spread)
    low, high = sorted((one, other))
    assert weekly(known, high) <= weekly(known, low) <= peaks / weeks


@given(st.floats(0.02, 20), st.floats(0.2, 3), st.floats(0.1, 40), st.floats(0.5, 8))
def test_at_the_bar_alarms_are_as_frequent_as_wanted(wanted: float, spread: float, peaks: float, weeks: float) -> None:
    known = Calibration(0, 0, weeks, peaks, 2.0, spread)
    at_bar = weekly(known, bar(known, wanted, LEAST))
    assert at_bar == pytest.approx(wanted) if wanted < peaks / weeks / 2 else at_bar <= wanted + 1e-9


def test_old_peaks_count_for_less_and_less() -> None:
    known = fresh(START_US, LEAST)
    for _ in range(50):
        known = calibrations.taken_in(known, 0.0)
    later = calibrations.aged(known, START_US + 40 * WEEK_US)
    assert weekly(later, 0.0) < weekly(known, 0.0) / 50
    assert msgspec.structs.asdict(later)["since_us"] == START_US
