"""Anomalies with known answers, put into what sensors would have said without them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.week.sensors import DAY_US, HOUR_US, MINUTE_US, READ_EVERY_US, SECOND_US, Sensor, day_and_hour

Series = list[tuple[int, float]]
LIVELY_HOUR: Final = 18
READING_SHAPES: Final = ("lively", "sun", "steady")
# Of every sixty anomalies.
SHARES: Final = {
    "spike": 8,
    "level shift": 8,
    "drift": 7,
    "flat line": 8,
    "missing": 8,
    "wrong hour": 7,
    "repeated event": 7,
    "count surge": 7,
}
SHAPES: Final = {
    "spike": READING_SHAPES,
    "level shift": READING_SHAPES,
    "drift": READING_SHAPES,
    "flat line": READING_SHAPES,
    "missing": (*READING_SHAPES, "count", "beat"),
    "wrong hour": ("lively", "count"),
    "repeated event": ("count", "beat"),
    "count surge": ("count",),
}


@dataclass(frozen=True, slots=True)
class Anomaly:
    """What is wrong with which sensor, and from when until when."""

    kind: str
    sensor: str
    start_us: int
    end_us: int


def plan(rng: random.Random, sensors: Sequence[Sensor], week_us: int, count: int) -> list[Anomaly]:
    """So many anomalies of all kinds in the week, at most one a sensor."""
    kinds = [kind for kind, share in SHARES.items() for _ in range(max(1, round(share * count / 60)))]
    kinds.sort(key=lambda kind: len(SHAPES[kind]))  # what few sensors can have comes first
    free = list(sensors)
    rng.shuffle(free)
    planned = []
    for kind in kinds:
        sensor = next(each for each in free if each.kind.shape in SHAPES[kind])
        free.remove(sensor)
        start_us, length_us = _when(rng, kind, week_us)
        planned.append(Anomaly(kind, sensor.name, start_us, start_us + length_us))
    return planned


def _when(rng: random.Random, kind: str, week_us: int) -> tuple[int, int]:
    if kind == "drift":
        return week_us + rng.randrange(DAY_US), rng.randint(4 * DAY_US, 5 * DAY_US)
    day_us = week_us + rng.randrange(6) * DAY_US
    if kind == "wrong hour":
        return day_us + HOUR_US + rng.randrange(2 * HOUR_US), 90 * MINUTE_US
    if kind in {"count surge", "repeated event"}:
        return day_us + 9 * HOUR_US + rng.randrange(
            10 * HOUR_US
        ), 2 * HOUR_US if kind == "count surge" else 10 * MINUTE_US
    lengths = {"spike": (1, 1), "level shift": (8, 24), "flat line": (8, 24), "missing": (6, 24)}
    low, high = lengths[kind]
    return day_us + rng.randrange(DAY_US), 30 * MINUTE_US if kind == "spike" else rng.randint(
        low * HOUR_US, high * HOUR_US
    )


def spoil(rng: random.Random, sensor: Sensor, anomaly: Anomaly, series: Series) -> Series:
    """The sensor's series with the anomaly in it."""
    return sorted(_SPOILERS[anomaly.kind](rng, sensor, anomaly, series))


def _within(anomaly: Anomaly, at_us: int) -> bool:
    return anomaly.start_us <= at_us < anomaly.end_us


def _shifted(rng: random.Random, sensor: Sensor, anomaly: Anomaly, series: Series) -> Series:
    """All readings of the stretch are off by eight to fourteen times the noise; a spike is a short one."""
    by = rng.choice((-1, 1)) * rng.uniform(8, 14) * sensor.kind.noise
    by = abs(by) if sensor.kind.name == "flow" else by  # below zero nothing flows
    return [(at, round(value + by, 3) if _within(anomaly, at) else value) for at, value in series]


def _drifting(rng: random.Random, sensor: Sensor, anomaly: Anomaly, series: Series) -> Series:
    """Slowly up, to six to ten times the noise."""
    most = rng.uniform(6, 10) * sensor.kind.noise
    length = anomaly.end_us - anomaly.start_us
    return [
        (at, round(value + most * (at - anomaly.start_us) / length, 3) if _within(anomaly, at) else value)
        for at, value in series
    ]


def _flat(rng: random.Random, sensor: Sensor, anomaly: Anomaly, series: Series) -> Series:
    """The value of its beginning is told again and again."""
    frozen = next((value for at, value in series if at >= anomaly.start_us), 0.0)
    return [(at, frozen if _within(anomaly, at) else value) for at, value in series]


def _missing(rng: random.Random, sensor: Sensor, anomaly: Anomaly, series: Series) -> Series:
    return [(at, value) for at, value in series if not _within(anomaly, at)]


def _wrong_hour(rng: random.Random, sensor: Sensor, anomaly: Anomaly, series: Series) -> Series:
    """At night it is as in the evening."""
    if sensor.kind.shape == "count":
        extra = rng.randint(8, 15)
        span = anomaly.end_us - anomaly.start_us
        return series + [(anomaly.start_us + rng.randrange(span), 1.0) for _ in range(extra)]
    later = (LIVELY_HOUR - day_and_hour(anomaly.start_us // HOUR_US)[1]) * HOUR_US
    return [
        (at, round(value - sensor.usual(at) + sensor.usual(at + later), 3) if _within(anomaly, at) else value)
        for at, value in series
    ]


def _repeated(rng: random.Random, sensor: Sensor, anomaly: Anomaly, series: Series) -> Series:
    """One event is told every few seconds."""
    return series + [(at, 1.0) for at in range(anomaly.start_us, anomaly.end_us, rng.randint(4, 10) * SECOND_US)]


def _surge(rng: random.Random, sensor: Sensor, anomaly: Anomaly, series: Series) -> Series:
    """Three to five times as many events."""
    times = rng.uniform(2, 4)
    extra = [(at, 1.0) for at, _ in series if _within(anomaly, at) for _ in range(int(times + rng.random()))]
    return series + [(at + rng.randrange(READ_EVERY_US), one) for at, one in extra]


Spoiler = Callable[[random.Random, Sensor, Anomaly, Series], Series]
_SPOILERS: Final[dict[str, Spoiler]] = {
    "spike": _shifted,
    "level shift": _shifted,
    "drift": _drifting,
    "flat line": _flat,
    "missing": _missing,
    "wrong hour": _wrong_hour,
    "repeated event": _repeated,
    "count surge": _surge,
}
