"""Runs the load generator beside this process and tells it how much it may publish."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from tests.load.generator import DRAIN_S, Plan

# Events published and not yet stored at the far end. At 10,000 a second this is 0.4 s: lag stays under a second, and
# there is always enough at hand to fill a batch.
MAX_OUTSTANDING: Final = 4_000
_CONNECT_S: Final = 30.0


@dataclass(frozen=True)
class LoadResult:
    """What was published and acknowledged, and what the generator itself cost."""

    published: int
    acknowledged: int
    seconds: float
    cpu_seconds: float
    by_device: list[int]


class LoadProcess:
    """The generator as a child: `start`, `stored(total)` as events arrive at the far end, `finish`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._lock = threading.Lock()
        self._is_started = False
        self._reports: list[dict[str, Any]] = []
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.load.generator"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def pid(self) -> int:
        return self._child.pid

    def start(self) -> Self:
        """Connects all devices and begins."""
        self._write(json.dumps(asdict(self._plan)))
        self._is_started = True
        self.stored(0)
        self._reports.append(self._read())
        return self

    def stored(self, total: int) -> None:
        """`total` events have arrived at the far end: so many more may be published. The plan goes first."""
        if self._is_started:
            self._write(str(total + MAX_OUTSTANDING))

    def finish(self) -> LoadResult:
        """Waits for the planned end and the last acknowledgement."""
        watchdog = threading.Timer(self._plan.seconds + _CONNECT_S + DRAIN_S, self._child.kill)
        watchdog.start()
        try:
            while (report := self._read())["state"] != "done":
                self._reports.append(report)
        finally:
            watchdog.cancel()
        self._child.wait()
        return LoadResult(
            published=report["published"],
            acknowledged=report["acknowledged"],
            seconds=self._plan.seconds,
            cpu_seconds=report["cpu_seconds"],
            by_device=report["by_device"],
        )

    def kill(self) -> None:
        """Ends it whatever it does."""
        self._child.kill()
        self._child.wait()

    def _write(self, line: str) -> None:
        with self._lock:
            if self._child.stdin is None or self._child.poll() is not None:
                return
            try:
                self._child.stdin.write(line + "\n")
                self._child.stdin.flush()
            except BrokenPipeError:
                return  # it has ended: its last report says how

    def _read(self) -> dict[str, Any]:
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line:
            raise RuntimeError("the load generator ended without a report")
        report: dict[str, Any] = json.loads(line)
        return report
