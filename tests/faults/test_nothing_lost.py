"""Nothing lost, nothing doubled, whoever is killed and whenever."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from pathlib import Path

import pytest

from herun.faults import FaultPoint
from tests.faults.scene import Scene, check_nothing_lost_nothing_doubled, pause
from tests.support.box import Box, until

KILLS = int(os.environ.get("HERUN_SOAK_KILLS", "30"))
SEED = int(os.environ.get("HERUN_SOAK_SEED", "20261123"))
VICTIMS = ("gateway", "processor", "api", "nats", "postgres", "supervisor")
BACK_WITHIN_S = 60.0


def kill(box: Box, victim: str) -> None:
    """kill -9, and for the supervisor what its owner would do: start it again."""
    pid = box.pids()[victim]
    os.kill(pid, signal.SIGKILL)
    if victim == "supervisor":
        assert box.supervisor is not None
        box.supervisor.wait()
        box.start()
    else:
        until(lambda: box.pids().get(victim) not in (None, pid), BACK_WITHIN_S, f"{victim} is started again")


@pytest.mark.timeout(0 if KILLS > 30 else 420)
def test_nothing_is_lost_or_doubled_whoever_is_killed(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with Box(tmp_path / "box", {"snapshot_interval_s": "3"}) as box, contextlib.ExitStack() as cleanup:
        scene = Scene(box, SEED)
        scene.open()
        cleanup.callback(scene.close)
        for number in range(KILLS):
            pause(chance, 0.3, 2.0)
            scene.flood()
            if number % 5 == 0:
                scene.press()
            kill(box, VICTIMS[number % len(VICTIMS)])
        scene.settle()
        check_nothing_lost_nothing_doubled(scene)


@pytest.mark.timeout(240)
def test_nothing_is_lost_or_doubled_at_the_points_where_a_crash_hurts_most(tmp_path: Path) -> None:
    # Of the way of an event; notices and deadlines are killed in tests of their own.
    points = [point.value for point in FaultPoint if not point.value.startswith(("api.notice", "api.deadlines"))]
    settings = {"fault": ",".join(points), "snapshot_interval_s": "2"}
    with Box(tmp_path / "box", settings) as box, contextlib.ExitStack() as cleanup:
        scene = Scene(box, SEED)
        scene.open()
        cleanup.callback(scene.close)
        scene.flood()
        markers = box.folder / "faults"
        until(lambda: markers.exists() and len(list(markers.iterdir())) == len(points), 90, "every point was hit")
        scene.flood()
        scene.settle()
        check_nothing_lost_nothing_doubled(scene)


@pytest.mark.timeout(180)
def test_a_gateway_that_acknowledges_too_early_is_caught(tmp_path: Path) -> None:
    point = FaultPoint.GATEWAY_STORED_NOT_ACKNOWLEDGED.value
    broken = {"PYTHONPATH": str(Path(__file__).parent / "early_acknowledgement")}
    with Box(tmp_path / "box", {"fault": point}, broken) as box, contextlib.ExitStack() as cleanup:
        scene = Scene(box, SEED)
        scene.open()
        cleanup.callback(scene.close)
        until((box.folder / "faults" / point).exists, 60, "the gateway died after acknowledging")
        scene.fleet.quieten()
        until(lambda: scene.fleet.idle, 60, "every event is acknowledged")
        scene.fleet.say("steady-0", "the-last", "reading.reported", {"metric": "temperature", "value": 1})
        until(lambda: "the-last" in scene.stored().get("steady-0", ()), 60, "what came after is stored")
        with pytest.raises(AssertionError, match="acknowledged but not stored"):
            check_nothing_lost_nothing_doubled(scene)
