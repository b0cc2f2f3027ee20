"""What holds for every detector."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.readable import duration
from processor.engine.detectors.contract import Aspect, Detector, Score
from processor.engine.detectors.watch import DETECTORS, MAX_BYTES, Settings, Watch
from processor.engine.detectors.wording import sentence
from tests.nab.detecting import size_of
from tests.unit.processor.detectors.series import HOURS, MINUTE_US, START_US, Series, every, noise, told, watched

ALL = pytest.mark.parametrize("detector", DETECTORS.values(), ids=DETECTORS.keys())
VALUES = st.floats(-1e15, 1e15) | st.integers(-3, 3).map(float)
STEPS = st.integers(0, 6 * 3600) | st.just(0) | st.integers(0, 9 * 86_400)
SERIES = st.lists(st.tuples(STEPS, VALUES), min_size=1, max_size=80)


def series_of(steps: list[tuple[int, float]]) -> Series:
    at, found = START_US, []
    for step, value in steps:
        at += step * 1_000_000
        found.append((at, value))
    return found


@ALL
@settings(max_examples=40, deadline=None)
@given(steps=SERIES)
def test_every_score_is_a_number_and_never_below_zero(detector: Detector[Any], steps: list[tuple[int, float]]) -> None:
    for _, _, score in told(detector, series_of(steps)):
        assert math.isfinite(score.excess)
        assert score.excess >= 0
        assert all(math.isfinite(each) for each in (score.value, score.expected, score.low, score.high))


@ALL
@settings(max_examples=25, deadline=None)
@given(steps=SERIES, cut=st.integers(1, 80))
def test_what_comes_later_changes_no_answer(detector: Detector[Any], steps: list[tuple[int, float]], cut: int) -> None:
    series = series_of(steps)
    assert list(told(detector, series))[: len(list(told(detector, series[:cut])))] == list(told(detector, series[:cut]))


@ALL
@settings(max_examples=25, deadline=None)
@given(steps=SERIES)
def test_a_series_never_takes_more_than_its_bytes(detector: Detector[Any], steps: list[tuple[int, float]]) -> None:
    watch, _ = watched(detector, Settings(1.0, 0), series_of(steps))
    assert size_of(watch) <= MAX_BYTES
    assert len(msgspec.msgpack.encode(watch)) <= MAX_BYTES


@ALL
def test_a_long_life_takes_no_more_memory_than_a_short_one(detector: Detector[Any]) -> None:
    series = every(MINUTE_US * 20, noise(1, 6000))
    short, _ = watched(detector, Settings(1.0, 0), series[:3000])
    long, _ = watched(detector, Settings(1.0, 0), series)
    assert size_of(long) <= size_of(short) + sys.getsizeof(2**62)
    assert size_of(long) <= MAX_BYTES


@ALL
@settings(max_examples=25, deadline=None)
@given(steps=SERIES, cut=st.integers(0, 80))
def test_a_watch_goes_on_from_a_snapshot_as_if_nothing_had_been(
    detector: Detector[Any], steps: list[tuple[int, float]], cut: int
) -> None:
    series, wanted = series_of(steps), Settings(1.0, 0)
    first, alarms = watched(detector, wanted, series[:cut] or series[:1])
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=Watch)
    rest = series[max(cut, 1) :]
    resumed, later = watched(detector, wanted, rest, stored) if rest else (stored, [])
    whole, all_alarms = watched(detector, wanted, series)
    assert msgspec.msgpack.encode(resumed) == msgspec.msgpack.encode(whole)
    assert alarms + later == all_alarms


@ALL
def test_an_explanation_has_the_numbers_in_both_languages(detector: Detector[Any]) -> None:
    values = [*noise(2, 4000), *[50.0] * 400, *[9000.0] * 300]
    scores = [
        score
        for _, _, score in told(detector, every(MINUTE_US * 20, values), START_US + 120 * 24 * 60 * MINUTE_US)
        if score.excess > 0
    ]
    surge = [(START_US + 4700 * 20 * MINUTE_US + n * 1000, 1.0) for n in range(400)]
    scores += [score for _, _, score in told(detector, [*every(MINUTE_US * 20, values), *surge]) if score.excess > 0]
    assert scores
    for score in scores[:50]:
        said = sentence(score)
        assert said.keys() == {"zh", "en"}
        near = max((score.high - score.low or abs(score.value - score.expected)) / 100, 1e-6)
        for language, text in said.items():
            if score.aspect in {Aspect.STANDSTILL, Aspect.SILENCE}:
                assert all(duration(each * 3600)[language] in text for each in (score.value, score.high))
                continue
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]
            assert all(min(abs(each - number) for number in numbers) <= near for each in (score.value, score.high))


def test_a_silence_and_a_standstill_are_told_in_plain_durations() -> None:
    silence = Score(1.0, 0.617, 0.0, 0.0, 0.367, Aspect.SILENCE)
    assert sentence(silence)["en"] == "nothing for 37 minutes (usually at most 22 minutes)"
    assert sentence(silence)["zh"] == "已 37 分钟没有消息（通常不超过 22 分钟）"
    standstill = Score(1.0, 1.0, 0.0, 0.0, 0.25, Aspect.STANDSTILL)
    assert sentence(standstill)["en"] == "has not changed for 1 hour (usually at most 15 minutes)"
    assert sentence(standstill)["zh"] == "数值已 1 小时未变化（通常不超过 15 分钟）"


def test_a_drift_tells_value_unit_and_direction() -> None:
    up = Score(1.0, 23.1, 20.0, 20.0, 20.0, Aspect.DRIFT, rose=True)
    assert sentence(up, "°C")["en"] == "has drifted up: 23.1 °C lately, usually 20 at this hour"
    assert sentence(up)["zh"] == "持续偏高：近来为 23.1，此时段通常为 20"
    down = Score(1.0, 17.25, 20.0, 20.0, 20.0, Aspect.DRIFT, rose=False)
    assert sentence(down, "kPa")["zh"] == "持续偏低：近来为 17.25 kPa，此时段通常为 20"
    assert sentence(Score(1.0, 5.0, 2.0, 1.0, 3.0), "m")["en"] == "expected 2, saw 5 m (usual range 1 to 3)"
    assert sentence(Score(1.0, 5.0, 2.0, 1.0, 3.0, Aspect.COUNT), "m") == sentence(
        Score(1.0, 5.0, 2.0, 1.0, 3.0, Aspect.COUNT)
    )


def test_a_count_says_what_it_expected_and_what_it_saw() -> None:
    score = Score(1.0, 14.0, 3.0, 0.0, 6.0, Aspect.COUNT)
    assert sentence(score)["en"] == "expected 3 in this hour, saw 14 (usual range 0 to 6)"
    assert sentence(score)["zh"] == "本小时预期 3 次，实为 14 次（通常在 0 至 6 之间）"


@ALL
def test_detectors_hold_nothing_of_a_series(detector: Detector[Any]) -> None:
    series = every(MINUTE_US * 20, noise(3, 500))
    first = list(told(detector, series))
    list(told(detector, every(MINUTE_US, noise(4, 100, 9.0))))
    assert list(told(detector, series)) == first
    assert detector.start() == detector.start()
    assert HOURS.at(START_US) == 0


def test_a_sentence_tells_numbers_apart_that_lie_close_and_writes_no_exponent() -> None:
    pascals = Score(2.0, value=1_014_251.25, expected=1_013_250.5, low=1_013_250.25, high=1_013_250.75)
    assert sentence(pascals)["en"] == ("expected 1013250.5, saw 1014251.25 (usual range 1013250.25 to 1013250.75)")
