"""A whole day of the whole estate in which nothing is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulators.run import run_scenario
from simulators.scenario import scenarios
from tests.e2e.conftest import target
from tests.support.box import Box

# A day in three minutes: at twice that, a machine that stands still for 7 s makes sensors silent.
MIDNIGHT = "2026-05-11T00:00:00+08:00@480"


@pytest.mark.timeout(600)
def test_a_quiet_day_raises_nothing(tmp_path: Path) -> None:
    with Box(tmp_path, {"clock": MIDNIGHT}) as box:
        day = run_scenario(target(box), scenarios()["quiet_day"], site="quiet", seed=1, pace_s=5.0)
        report = asyncio.run(day)
    assert report.published > 10_000
    assert report.is_right, str(report)
    assert report.answers == ()
