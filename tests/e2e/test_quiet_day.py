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

# Four hours in a minute: a busy machine that takes a second for an event makes no five minutes of it.
MORNING: Final = "2026-05-11T06:00:00+08:00@240"
HOURS: Final = int(os.environ.get("HERUN_QUIET_HOURS", "4"))
EVENTS_AN_HOUR: Final = 400


@pytest.mark.timeout(300 + 30 * HOURS)
def test_a_quiet_day_raises_nothing(tmp_path: Path) -> None:
    with Box(tmp_path, {"clock": MORNING}) as box:
        scenario = scenarios()["quiet_day"].model_copy(update={"lasts": HOURS * HOUR_US})
        day = run_scenario(target(box), scenario, site="quiet", seed=1, pace_s=5.0)
        report = asyncio.run(day)
    assert report.published > HOURS * EVENTS_AN_HOUR
    assert report.is_right, str(report)
    assert report.answers == ()
