"""Runs the detectors over a labelled week and counts what they found, missed and made up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from herun.calendar import Calendar
from processor.engine.detectors import watch as watches
from processor.engine.detectors.hours import WeekHours
from processor.engine.detectors.watch import DETECTORS, Alarm, Settings
from tests.week.anomalies import SHARES, Anomaly, Series, plan, spoil
from tests.week.sensors import DAY_US, HOUR_US, LOCAL, SECOND_US, WEEK_US, Sensor, make_sensors

WARM_UP_WEEKS: Final = 5
SENSORS: Final = 400
ANOMALIES: Final = 60
# An alarm so long after an anomaly still belongs to it: what was frozen or shifted comes back, an hour is closed.
AFTERMATH_US: Final = 12 * HOUR_US
MONTH_US: Final = 365 * DAY_US // 12
FALSE_ALARMS_PER_WEEK: Final = 0.25  # of each detector; a sensor has two to four
WEEKS: Final = ("2026-09-28", "2026-10-05")  # National Day from 1 to 7 October, and Saturday the 10th is a workday
SEED: Final = 20_261_001


@dataclass(slots=True)
class Report:
    """What came of a week."""

    sensors: int = 0
    found: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    false_alarms: Counter[str] = field(default_factory=Counter)
    delays_us: list[int] = field(default_factory=list)
    observations: int = 0

    @property
    def recall(self) -> float:
        """The share of the anomalies that were found."""
        return sum(self.found.values()) / sum(self.planned.values())

    @property
    def false_alarms_per_sensor_month(self) -> float:
        """Alarms outside of anomalies, by sensor and month."""
        return sum(self.false_alarms.values()) / (self.sensors * WEEK_US / MONTH_US)

    def lines(self) -> Iterator[str]:
        """The report as a table for people."""
        yield "| anomaly | found | of |"
        yield "|---|---|---|"
        yield from (f"| {kind} | {self.found[kind]} | {self.planned[kind]} |" for kind in SHARES)
        delays = sorted(self.delays_us)
        yield f"| all | {sum(self.found.values())} | {sum(self.planned.values())} |"
        yield ""
        yield f"false alarms by detector: {dict(sorted(self.false_alarms.items()))}"
        yield f"median delay: {delays[len(delays) // 2] / HOUR_US:.1f} h" if delays else "nothing found"
        yield f"recall {self.recall:.3f} false_alarms_per_sensor_month {self.false_alarms_per_sensor_month:.3f}"


def alarms_of(name: str, series: Series, hours: WeekHours, end_us: int) -> Iterator[tuple[int, Alarm]]:
    """Every alarm of one detector over a series, time passing as in the engine."""
    detector = DETECTORS[name]
    settings = Settings(FALSE_ALARMS_PER_WEEK, warm_up_us=2 * WEEK_US)
    watch = watches.begun(detector, series[0][0])
    for at_us, value in [*series, (end_us, None)]:
        while (due := detector.due(watch.known)) is not None and due <= at_us:
            watch, alarm = watches.waited(detector, settings, watch, due, hour=hours.at(due))
            if alarm is not None:
                yield due, alarm
        if value is None:
            return
        watch, alarm = watches.observed(detector, settings, watch, at_us, value=value, hour=hours.at(at_us))
        if alarm is not None:
            yield at_us, alarm


def judge(week: str, sensors: int = SENSORS, anomalies: int = ANOMALIES, seed: int = SEED) -> Report:
    """The week that begins on this Monday, after WARM_UP_WEEKS without anomalies."""
    rng = random.Random(f"{seed} {week}")
    week_us = int(datetime.fromisoformat(week).replace(tzinfo=LOCAL).timestamp()) * SECOND_US
    all_sensors = make_sensors(rng, sensors)
    planned = {each.sensor: each for each in plan(rng, all_sensors, week_us, anomalies)}
    hours, report = WeekHours(LOCAL, Calendar()), Report(sensors=len(all_sensors))
    for sensor in all_sensors:
        anomaly = planned.get(sensor.name)
        series = _series(sensor, anomaly, week_us, f"{seed} {week} {sensor.name}")
        report.observations += len(series) * len(sensor.kind.detectors)
        alarms = [
            (at_us, name)
            for name in sensor.kind.detectors
            for at_us, _ in alarms_of(name, series, hours, week_us + WEEK_US)
            if at_us >= week_us
        ]
        _count(report, anomaly, alarms)
    return report


def _series(sensor: Sensor, anomaly: Anomaly | None, week_us: int, seed: str) -> Series:
    rng = random.Random(seed)
    tell = sensor.events if sensor.kind.shape in {"count", "beat"} else sensor.readings
    series = list(tell(rng, week_us - WARM_UP_WEEKS * WEEK_US, week_us + WEEK_US))
    return series if anomaly is None else spoil(rng, sensor, anomaly, series)


def _count(report: Report, anomaly: Anomaly | None, alarms: list[tuple[int, str]]) -> None:
    found_us = []
    for at_us, name in alarms:
        if anomaly is not None and anomaly.start_us <= at_us < anomaly.end_us + AFTERMATH_US:
            found_us.append(at_us)
        else:
            report.false_alarms[name] += 1
    if anomaly is None:
        return
    report.planned[anomaly.kind] += 1
    if found_us:
        report.found[anomaly.kind] += 1
        report.delays_us.append(min(found_us) - anomaly.start_us)
