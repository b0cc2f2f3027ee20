"""What is full pushes back: publishers are not acknowledged and wait, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from herun.subjects import MQTT_MESSAGES_STREAM, STREAM_EVENTS
from tests.faults.scene import Scene, check_nothing_lost_nothing_doubled
from tests.support.box import Box, until
from tests.support.streams import stream_bytes

MIB = 1024**2
STALLED_S = 2.0  # without a single acknowledgement although events wait


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process does nothing meanwhile, as one that swaps or waits for a dead disk."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def wait_until_pushed_back(scene: Scene) -> None:
    """Until events wait at the devices and none has been acknowledged for a while."""
    last, since = -1, time.monotonic()

    def is_stalled() -> bool:
        nonlocal last, since
        now = sum(len(device.acknowledged) for device in scene.fleet.devices.values())
        if now != last:
            last, since = now, time.monotonic()
        waiting = any(device.queued or device.open for device in scene.fleet.devices.values())
        return waiting and time.monotonic() - since > STALLED_S

    until(is_stalled, 60, "the devices are pushed back")


def doctor(box: Box) -> str:
    """What `herun doctor` says."""
    command = [sys.executable, "-m", "herun.stack", "doctor", "--data-dir", str(box.folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("settings", "victim", "stream", "url"),
    [
        ({"broker_max_mb": "1"}, "gateway", MQTT_MESSAGES_STREAM, "devices_nats_url"),
        ({"events_max_mb": "2"}, "processor", STREAM_EVENTS, "nats_url"),
    ],
    ids=["the broker's buffer", "the event stream"],
)
def test_a_full_stream_pushes_back_and_loses_nothing(
    tmp_path: Path, settings: dict[str, str], victim: str, stream: str, url: str
) -> None:
    bound = int(next(iter(settings.values()))) * MIB
    settings = settings | {"broker_max_mb": settings.get("broker_max_mb", "1"), "snapshot_interval_s": "1"}
    with Box(tmp_path / "box", settings) as box, contextlib.ExitStack() as cleanup:
        scene = Scene(box, 1)
        scene.open()
        cleanup.callback(scene.close)
        until(lambda: scene.stored_count() > 500, 30, "all devices are at work")
        used: Callable[[], int] = lambda: stream_bytes(box.variable(url), stream)  # noqa: E731
        with stopped(box.pids()[victim]):
            wait_until_pushed_back(scene)
            assert 0.5 * bound < used() <= bound
            assert f"{stream} is" in doctor(box)
        scene.flood()
        scene.settle()
        check_nothing_lost_nothing_doubled(scene)
