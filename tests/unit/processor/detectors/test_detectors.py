"""What each detector finds and what it lets be, and two of them beside a slow reference."""

from __future__ import annotations

import random
from collections import defaultdict
from math import pi, sin, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.engine.detectors import counts, default
from processor.engine.detectors.contract import Aspect
from processor.engine.detectors.counts import Counts
from processor.engine.detectors.default import Default
from processor.engine.detectors.drift import Drift
from processor.engine.detectors.hours import HOUR_US
from processor.engine.detectors.level import Level
from processor.engine.detectors.rhythm import Rhythm
from processor.engine.detectors.seasonal import Seasonal
from processor.engine.detectors.stuck import Stuck
from tests.unit.processor.detectors.series import (
    DAY_US,
    HOURS,
    MINUTE_US,
    START_US,
    WEEK_US,
    Series,
    arrivals,
    every,
    excesses,
    noise,
    told,
)

QUARTER_US = 15 * MINUTE_US
BY_DAY = [0.0] * 6 + [30.0] * 14 + [2.0] * 4  # events an hour: none at night
TIGHT = settings(max_examples=30, deadline=None)


def at_hour(day: int, hour: float) -> int:
    return START_US + day * DAY_US + round(hour * HOUR_US)


def daily(weeks: int, seed: int = 5) -> Series:
    """A value that is 40 by day and 10 by night, with a little noise."""
    rng = random.Random(seed)
    return [
        (at, (40.0 if 8 <= (at - START_US) % DAY_US // HOUR_US < 20 else 10.0) + rng.gauss(0, 1))
        for at in range(START_US, START_US + weeks * WEEK_US, QUARTER_US)
    ]


def test_level_tells_an_outlier_and_lets_its_own_noise_be() -> None:
    values = noise(1, 1000)
    assert max((excess for _, excess in excesses(Level(), every(MINUTE_US, values))), default=0) < 0.2
    values[600] = 80.0
    found = dict(excesses(Level(), every(MINUTE_US, values)))
    assert found[START_US + 600 * MINUTE_US] > 0.5


def test_an_outlier_hardly_moves_level_and_spread() -> None:
    *_, (_, calm, _) = told(Level(), every(MINUTE_US, noise(1, 1000)))
    *_, (_, after, _) = told(Level(), every(MINUTE_US, [*noise(1, 999), 1e9]))
    assert abs(after.level - calm.level) < 0.2
    assert after.spread < calm.spread * 1.1


def test_seasonal_knows_the_hour_where_level_does_not() -> None:
    series = [*daily(3), (at_hour(21, 3), 40.0)]
    assert series[-1][0] in dict(excesses(Seasonal(), series))
    assert series[-1][0] not in dict(excesses(Level(), series))
    *_, (_, _, score) = told(Seasonal(), series)
    assert (score.aspect, round(score.expected)) == (Aspect.HOUR, 10)


def test_a_holiday_is_not_held_against_workdays() -> None:
    """The 25th of September 2026 is a holiday: the first one is taken for a Sunday, and the next for a holiday."""
    rng, quiet = random.Random(6), {5, 6, 12, 18, 19, 20}  # days off since the 7th; Sunday the 20th is a workday
    series = []
    for at in range(START_US, START_US + 3 * WEEK_US, QUARTER_US):
        day, hour = divmod(at - START_US, DAY_US)
        lively = 8 <= hour // HOUR_US < 20 and day not in quiet
        series.append((at, (40.0 if lively else 10.0) + rng.gauss(0, 1)))
    late = [excess for at, excess in excesses(Seasonal(), series) if at >= at_hour(18, 0)]
    assert max(late, default=0) < Seasonal.least_excess
    workdays_only = [(at, 40.0 if 8 <= (at - START_US) % DAY_US // HOUR_US < 20 else 10.0) for at, _ in series[:1700]]
    assert max(excess for _, excess in excesses(Seasonal(), [*workdays_only, *series[1700:]])) > 1


def test_count_tells_a_surge_at_once_and_a_missing_hour_when_it_is_over() -> None:
    series = arrivals(7, 3, BY_DAY)
    surge = [(at_hour(21, 10) + n * 1_000_000, 1.0) for n in range(60)]
    assert surge[-1][0] in dict(excesses(Counts(), [*series, *surge]))
    found = dict(excesses(Counts(), series, at_hour(21, 12) + MINUTE_US * 5))
    assert set(found) >= {at_hour(21, 11) + counts.GRACE_US, at_hour(21, 12) + counts.GRACE_US}
    assert not any(at_hour(21, 0) <= at < at_hour(21, 6) for at in found)


def test_an_hour_of_which_we_missed_some_says_nothing() -> None:
    *_, (_, state, _) = told(Counts(), [*arrivals(7, 3, BY_DAY), (at_hour(21, 9.1), 1.0)])
    state = Counts().interrupted(state, 1, at_hour(21, 9.2), HOURS.at(at_hour(21, 9)))
    due = Counts().due(state)
    assert due is not None
    after, score = Counts().pass_time(state, due, HOURS.at(due))
    assert (score.excess, after.week, after.is_whole) == (0.0, state.week, True)


@TIGHT
@given(st.lists(st.integers(0, 40), min_size=30, max_size=24 * 9))
def test_counts_are_those_of_a_slow_reference(numbers: list[int]) -> None:
    series = [(at_hour(0, n) + 1_000 * k, 1.0) for n, number in enumerate(numbers) for k in range(number)]
    series = series or [(START_US, 1.0)]
    end = START_US + len(numbers) * HOUR_US + counts.GRACE_US
    expected = _slow_counts(series, len(numbers))
    found = list(told(Counts(), series, end))
    too_few = [(at - START_US) // HOUR_US - 1 for at, _, score in found if score.excess and score.value < score.low]
    assert too_few == [hour for hour, _, low in expected if low]
    assert found[-1][1].dispersion == pytest.approx(expected[-1][1], rel=1e-4)


def _slow_counts(series: Series, hours: int) -> list[tuple[int, float, bool]]:
    """By hour from the first with an event: its number, the dispersion after it, and whether it was too few."""
    per_hour: dict[int, int] = defaultdict(int)
    for at, _ in series:
        per_hour[(at - START_US) // HOUR_US] += 1
    week: dict[int, float] = {}
    day: dict[int, float] = {}
    dispersion, answers = 1.0, []
    first = min(per_hour)
    for number in range(first, hours):
        slot, count, low = number % 168, float(per_hour[number]), False
        if number == first:  # not whole, for all that is known
            answers.append((number, dispersion, False))
            continue
        usual = week.get(slot, day.get(slot % 24))
        if usual is not None:
            reach = 3 * sqrt((1.25 if slot in week else 2.0) * dispersion * usual + 1)
            low = count < max(0.0, usual - reach)
            count = min(max(count, usual - reach, 0.0), usual + reach)
            squared = (count - usual) ** 2 / max(usual, 1.0)
            dispersion = min(20.0, max(1.0, dispersion + 0.005 * (min(squared, 9 * dispersion) - dispersion)))
        week[slot] = week[slot] + 0.25 * (count - week[slot]) if slot in week else count
        day[slot % 24] = day[slot % 24] + 0.1 * (count - day[slot % 24]) if slot % 24 in day else count
        answers.append((number, dispersion, low))
    return answers


def test_stuck_tells_a_flat_line_and_not_a_coarse_sensor() -> None:
    rng = random.Random(8)
    coarse = [value for _ in range(200) for value in [float(rng.randrange(20, 23))] * rng.randrange(1, 6)]
    assert max((excess for _, excess in excesses(Stuck(), every(MINUTE_US, coarse))), default=0) < Stuck.least_excess
    flat = every(MINUTE_US, [*coarse, *[21.0] * 240])
    assert excesses(Stuck(), flat)[-1][1] > 2


def test_drift_tells_what_level_and_seasonal_cannot_see_yet() -> None:
    rng = random.Random(9)
    hours = [20 + rng.gauss(0, 1) + max(0, n - 24 * 28) * 0.02 for n in range(24 * 34)]
    series = every(HOUR_US, hours)
    assert max((excess for _, excess in excesses(Drift(), series[: 24 * 28])), default=0) < Drift.least_excess
    first = next(at for at, excess in excesses(Drift(), series) if at > at_hour(28, 0) and excess > Drift.least_excess)
    assert first < at_hour(33, 0)
    assert max((excess for _, excess in excesses(Level(), series[: 24 * 31])), default=0) < Level.least_excess


def test_rhythm_tells_a_silence_and_not_the_night() -> None:
    series = arrivals(10, 3, BY_DAY)
    usual = [excess for at, excess in excesses(Rhythm(), series) if at > at_hour(14, 0)]
    assert max(usual, default=0) < 3
    found = excesses(Rhythm(), [event for event in series if event[0] < at_hour(18, 9)], at_hour(18, 18))
    assert found[-1][1] > 6


def test_our_own_outage_is_no_gap() -> None:
    *_, (_, state, _) = told(Rhythm(), every(MINUTE_US, [1.0] * 100))
    back = state.last_us + HOUR_US
    away = Rhythm().interrupted(state, HOUR_US, back, HOURS.at(back))
    after, _ = Rhythm().observe(away, back + MINUTE_US, 1.0, HOURS.at(at_hour(0, 2)))
    assert after.longest < 2.1


def test_a_silence_after_an_outage_is_measured_by_the_hours_in_which_it_falls() -> None:
    series = arrivals(10, 3, BY_DAY)
    *_, (_, state, _) = told(Rhythm(), [event for event in series if event[0] < at_hour(18, 9)])
    back = at_hour(18, 10)
    state = Rhythm().interrupted(state, back - state.last_us, back, HOURS.at(back))
    due = Rhythm().due(state)
    assert due is not None
    assert due < back + HOUR_US
    _, score = Rhythm().pass_time(state, due, HOURS.at(due))
    assert score.excess > 0


def test_hours_that_nobody_saw_are_counted_as_nothing() -> None:
    *_, (_, state, _) = told(Counts(), arrivals(7, 3, BY_DAY), at_hour(21, 9))
    back = at_hour(21, 13.5)
    state = Counts().interrupted(state, 4 * HOUR_US, back, HOURS.at(back))
    for hour, says in ((14, False), (15, True)):
        due = Counts().due(state)
        assert due == at_hour(21, hour) + counts.GRACE_US
        state, score = Counts().pass_time(state, due, HOURS.at(due))
        assert (score.excess > 0) == says


def test_a_value_that_was_not_looked_at_does_not_stand_still() -> None:
    *_, (at, state, _) = told(Stuck(), every(MINUTE_US, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0] * 30))
    state = Stuck().interrupted(state, 10 * HOUR_US, at + 10 * HOUR_US, 0)
    _, score = Stuck().observe(state, at + 10 * HOUR_US + MINUTE_US, 2.0, 0)
    assert score.excess < Stuck.least_excess


@pytest.mark.parametrize("again", [1, 2, 3])
def test_default_tells_an_outage_that_it_has_seen_before(again: int) -> None:
    values = noise(11, 2000, 100.0, 1.0)
    for n in range(again):
        values[500 + 400 * n : 510 + 400 * n] = [20.0] * 10
    found = dict(excesses(Default(), every(5 * MINUTE_US, values)))
    assert found[START_US + (100 + 400 * again) * 5 * MINUTE_US] > 0.15


@pytest.mark.parametrize(("quarter", "step"), [(1, -25.0), (3, 25.0)])
def test_default_tells_in_which_direction_a_step_went_that_is_unusual_for_its_size_alone(
    quarter: int, step: float
) -> None:
    rng, last = random.Random(3), 288 * 10 + 72 * quarter  # the top of a daily wave, or its bottom
    values = [20 + 18 * sin(n / 288 * 2 * pi) + rng.gauss(0, 0.1) for n in range(last)]
    *_, (_, _, score) = told(Default(), every(5 * MINUTE_US, [*values, values[-1] + step]))
    assert (score.aspect, score.is_up) == (Aspect.JUMP, step > 0)
    assert score.value == pytest.approx(step)


def test_default_tells_of_the_hour_what_is_usual_at_it() -> None:
    values = [*noise(7, 60 * 24, 20.0, 1.0), *[22.0] * 24]
    found = list(told(Default(), every(HOUR_US, values)))[40 * 24 :]
    lately = [score for _, _, score in found if score.aspect is Aspect.LATELY]
    assert lately
    assert all(18.5 < score.expected < 21.5 for score in lately)
    assert all(not score.low <= score.value <= score.high for score in lately)
    assert all(score.is_up == (score.value > score.expected) for score in lately)


@TIGHT
@given(st.lists(st.floats(-1e3, 1e3) | st.integers(-2, 2).map(float), min_size=1, max_size=400), st.integers(1, 90))
def test_default_is_that_of_a_slow_reference(values: list[float], minutes: int) -> None:
    values = [*noise(12, 90, 0.0, 1.0), *values]
    series = every(minutes * MINUTE_US, values)
    found = [score.excess for _, _, score in told(Default(), series)]
    assert found == pytest.approx(_slow_default(series), rel=1e-3, abs=1e-4)


def _slow_default(series: Series) -> list[float]:
    """The same with everything by name and nothing packed."""
    tables: tuple[dict[int, float], dict[int, float]] = ({}, {})
    smooth = [0.0, 0.0]
    level = last = series[0][1]
    unrest, excesses = 0.0, []
    spans = [(last, last), *[(0.0, 0.0)] * 4]
    for n, (at, value) in enumerate(series):
        week_hour = HOURS.at(at)
        for which, (table, hour) in enumerate(zip(tables, (week_hour % 24, week_hour), strict=True)):
            off = value - table.get(hour, level)
            table[hour] = table[hour] + 0.1 * off if hour in table else value
            smooth[which] += 0.05 * (off - smooth[which])
        step, last = abs(value - last), value
        unrest += 0.02 * (step - unrest)
        level += 0.05 * (value - level)
        best = 0.0
        for k, view in enumerate((value, *smooth, step, unrest)):
            low, high = spans[k]
            beyond, width = max(view - high, low - view, 0.0), high - low
            if beyond:
                best = max(best, (1.0, 1.0, 0.5, 0.5, 1.0)[k] * (beyond / width if width else 1.0))
                most = 0.3 * width if n >= default.WARM_UP and width else beyond
                spans[k] = (low - min(beyond, most), high) if view < low else (low, high + min(beyond, most))
        excesses.append(best if n >= default.WARM_UP else 0.0)
    return excesses
