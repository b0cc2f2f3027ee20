"""The whole estate while nothing is wrong. The whole day is played without processes in tests/unit/simulators."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

import pytest

from herun.clock import HOUR_US
from simulators.run import run_scenario
from simulators.scenario import scenarios
from tests.e2e.conftest import target
from tests.support.box import Box

# Eight hours in a minute: at twice that, a machine that stands still for 7 s makes sensors silent.
MORNING: Final = "2026-05-11T05:00:00+08:00@480"
HOURS: Final = int(os.environ.get("HERUN_QUIET_HOURS", "8"))
EVENTS_AN_HOUR: Final = 400


@pytest.mark.timeout(300 + 15 * HOURS)
def test_a_quiet_day_raises_nothing(tmp_path: Path) -> None:
    with Box(tmp_path, {"clock": MORNING}) as box:
        scenario = scenarios()["quiet_day"].model_copy(update={"lasts": HOURS * HOUR_US})
        day = run_scenario(target(box), scenario, site="quiet", seed=1, pace_s=5.0)
        report = asyncio.run(day)
    assert report.published > HOURS * EVENTS_AN_HOUR
    assert report.is_right, str(report)
    assert report.answers == ()
