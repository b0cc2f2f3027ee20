"""A small labelled week; `make week` runs the whole one."""

from __future__ import annotations

import random

import pytest

from tests.week.anomalies import SHARES, plan, spoil
from tests.week.judging import WEEKS, judge
from tests.week.sensors import HOUR_US, WEEK_US, make_sensors

SENSORS = 48
ANOMALIES = 16
WEEK_FROM_US = 1_790_524_800_000_000  # Monday 28 September 2026, midnight in China


@pytest.mark.parametrize("week", WEEKS)
def test_nine_anomalies_in_ten_are_found_at_one_false_alarm_a_sensor_and_month(week: str) -> None:
    report = judge(week, SENSORS, ANOMALIES)
    assert set(report.planned) == set(SHARES)
    assert report.recall >= 0.9, "\n".join(report.lines())
    assert report.false_alarms_per_sensor_month <= 1.0, "\n".join(report.lines())


def test_a_week_is_made_by_its_seed_alone() -> None:
    def made(seed: int) -> list[object]:
        rng = random.Random(seed)
        sensors = make_sensors(rng, SENSORS)
        planned = plan(rng, sensors, WEEK_FROM_US, ANOMALIES)
        told = [list(sensors[0].readings(random.Random(seed), WEEK_FROM_US, WEEK_FROM_US + 6 * HOUR_US))]
        return [[(each.name, each.scale) for each in sensors], planned, told]

    assert made(1) == made(1) != made(2)


def test_an_anomaly_touches_nothing_outside_of_itself() -> None:
    rng = random.Random(3)
    sensors = make_sensors(rng, SENSORS)
    by_name = {sensor.name: sensor for sensor in sensors}
    for anomaly in plan(rng, sensors, WEEK_FROM_US, ANOMALIES):
        sensor = by_name[anomaly.sensor]
        tell = sensor.events if sensor.kind.shape in {"count", "beat"} else sensor.readings
        clean = list(tell(random.Random(4), WEEK_FROM_US, WEEK_FROM_US + WEEK_US))
        spoilt = spoil(rng, sensor, anomaly, clean)
        changed = set(clean) ^ set(spoilt)
        assert changed
        assert all(anomaly.start_us <= at < anomaly.end_us + HOUR_US for at, _ in changed)
