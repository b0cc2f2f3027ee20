"""River's WaterFlow series: three outages, one small peak, and a detector that has to tell each outage again."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from herun.schedule import zone_named
from processor.engine.detectors import watch as watches
from processor.engine.detectors.hours import HOUR_US, HOURS_A_DAY, WeekHours
from processor.engine.detectors.watch import DETECTORS, Settings
from tests.nab.detecting import SECOND_US, Cost, strengths

# The flow falls at the first of these values and is back after the last; read off the series, which has no labels.
OUTAGES: Final = ((93, 110), (211, 223), (872, 886))
PEAK: Final = (329, 329)
BEFORE: Final = 3  # hours: before two of the three it rises to where it never was, so that belongs to them
AFTER: Final = 12  # hours in which it settles
WARM_UP_US: Final = 3 * HOURS_A_DAY * HOUR_US
FALSE_ALARMS_PER_WEEK: Final = 1.0

Series = list[tuple[int, float]]


def read_wheel(folder: Path) -> Series:
    """(seconds UTC, litres a second) from the downloaded package, which is not installed."""
    with zipfile.ZipFile(next(folder.glob("river-*.whl"))) as wheel:
        text = wheel.read("river/datasets/water-flow.csv").decode()
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return [(int(datetime.fromisoformat(at).timestamp()), float(value)) for at, value in rows]


def report(hits: Sequence[int]) -> str:
    """Outages found (told from the fall on) and false alarms among the places of alarms."""
    found = sum(any(first <= hit <= last for hit in hits) for first, last in OUTAGES)
    known = [(first - BEFORE, last + AFTER) for first, last in (*OUTAGES, PEAK)]
    false = [hit for hit in hits if not any(first <= hit <= last for first, last in known)]
    peak = any(PEAK[0] - BEFORE <= hit <= PEAK[1] + AFTER for hit in hits)
    return (
        f"outages {found} of 3, false alarms {len(false)}, small peak {'yes' if peak else 'no'}, alarms at {list(hits)}"
    )


def by_threshold(series: Series, threshold: float) -> str:
    """With a threshold on the strength, as the benchmark's scorer sets it."""
    return report([n for n, strength in enumerate(strengths(series, Cost())) if strength >= threshold])


def by_calibration(series: Series) -> str:
    """As a rule would: no threshold, but so many false alarms a week."""
    detector, settings = DETECTORS["default"], Settings(FALSE_ALARMS_PER_WEEK, WARM_UP_US)
    hours, hits = WeekHours(zone_named("Europe/Rome"), None), []
    watch = watches.begun(detector, series[0][0] * SECOND_US)
    for n, (at, value) in enumerate(series):
        at_us = at * SECOND_US
        watch, alarm = watches.observed(detector, settings, watch, at_us, value=value, hour=hours.at(at_us))
        if alarm is not None:
            hits.append(n)
    return report(hits)
