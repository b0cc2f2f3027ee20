"""Series for the detectors' tests, and a detector run over one."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import timedelta, timezone
from typing import Any, Final

from herun.calendar import Calendar
from processor.engine.detectors import watch as watches
from processor.engine.detectors.contract import Detector, Score
from processor.engine.detectors.hours import HOUR_US, HOURS_A_DAY, WeekHours
from processor.engine.detectors.watch import Alarm, Settings, Watch

START_US: Final = 1_788_710_400_000_000  # Monday 7 September 2026, midnight in China
MINUTE_US: Final = 60_000_000
DAY_US: Final = HOURS_A_DAY * HOUR_US
WEEK_US: Final = 7 * DAY_US
HOURS: Final = WeekHours(timezone(timedelta(hours=8)), Calendar())

Series = list[tuple[int, float]]


def every(step_us: int, values: Iterable[float], start_us: int = START_US) -> Series:
    return [(start_us + n * step_us, value) for n, value in enumerate(values)]


def noise(seed: int, count: int, middle: float = 50.0, spread: float = 2.0) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(middle, spread) for _ in range(count)]


def arrivals(seed: int, weeks: float, by_hour: Iterable[float], start_us: int = START_US) -> Series:
    """Events by a Poisson process whose rate an hour depends on the hour of the day."""
    rng, rates = random.Random(seed), list(by_hour)
    found = []
    for hour in range(int(weeks * 7 * HOURS_A_DAY)):
        begins = start_us + hour * HOUR_US
        at = begins + rng.expovariate(1) * HOUR_US / max(rates[hour % HOURS_A_DAY], 1e-9)
        while at < begins + HOUR_US:
            found.append((int(at), 1.0))
            at += rng.expovariate(1) * HOUR_US / rates[hour % HOURS_A_DAY]
    return found


def told(detector: Detector[Any], series: Series, end_us: int = 0) -> Iterator[tuple[int, Any, Score]]:
    """(time, state after it, score) of each observation and each timer, in order."""
    state = detector.start()
    for at, value in [*series, (end_us, None)]:
        while (due := detector.due(state)) is not None and due <= at:
            state, score = detector.pass_time(state, due, HOURS.at(due))
            yield due, state, score
        if value is not None:
            state, score = detector.observe(state, at, value if detector.reads_values else 1.0, HOURS.at(at))
            yield at, state, score


def excesses(detector: Detector[Any], series: Series, end_us: int = 0) -> list[tuple[int, float]]:
    """What is over zero, by time."""
    return [(at, score.excess) for at, _, score in told(detector, series, end_us) if score.excess > 0]


def watched(
    detector: Detector[Any], settings: Settings, series: Series, watch: Watch | None = None
) -> tuple[Watch, list[tuple[int, Alarm]]]:
    """The watch at the end of a series, and the alarms on the way."""
    watch, found = watch or watches.begun(detector, series[0][0]), []
    for at, value in series:
        while (due := detector.due(watch.known)) is not None and due <= at:
            watch, alarm = watches.waited(detector, settings, watch, due, hour=HOURS.at(due))
            found += [(due, alarm)] if alarm else []
        taken = value if detector.reads_values else 1.0
        watch, alarm = watches.observed(detector, settings, watch, at, value=taken, hour=HOURS.at(at))
        found += [(at, alarm)] if alarm else []
    return watch, found
