"""One process of the stack: started, kept running with growing pauses, stopped within a bounded time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
import structlog

from herun.lifecycle import EXIT_CONFIGURATION
from herun.stack import waiting
from herun.stack.folder import StackError
from herun.stack.logs import BoundedLog

log = structlog.get_logger(__name__)

FIRST_PAUSE_S: Final = 0.1  # before the first restart; doubled for each further one
LONGEST_PAUSE_S: Final = 10.0
STEADY_S: Final = 5.0  # a process that stayed up this long begins with the first pause again
FAILED_STARTS: Final = 6  # before it was ever ready: then the start is given up
_QUOTED_LINES: Final = 15  # of its log, when it does not get ready

_LAUNCHER: Final = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launch.py")))
STAY: Final = "-"  # the launcher's identity for: run as who we are


def _nothing() -> None:
    """Most processes need no preparation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What to run and how to treat it.

    `is_ready` really looks, and is told the pid, so that what an earlier process left behind does not count.
    `death_signal` is what the kernel sends when the supervisor dies. `drain_s` is the time between `stop_signal` and
    SIGKILL. `prepare` runs before every start and may raise StackError.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    is_ready: Callable[[int], Awaitable[bool]]
    ports: Mapping[str, int] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    drain_s: float = 10.0
    identity: str = STAY
    prepare: Callable[[], None] = _nothing


class Backoff:
    """How long to wait before the next restart."""

    def __init__(self) -> None:
        self._pause_s = FIRST_PAUSE_S

    def after(self, ran_s: float) -> float:
        """The pause after a run of so many seconds."""
        pause = FIRST_PAUSE_S if ran_s >= STEADY_S else self._pause_s
        self._pause_s = min(pause * 2, LONGEST_PAUSE_S)
        return pause


class Child:
    """A process that is kept running from `start` to `stop`."""

    def __init__(self, spec: ChildSpec, output: BoundedLog, changed: Callable[[], None]) -> None:
        self.spec = spec
        self.output = output
        self.pid: int | None = None
        self.created: float | None = None  # by the kernel's account; with the pid it names one process for ever
        self.restarts = 0
        self.given_up: str | None = None
        self._changed = changed
        self._was_ready = False
        self._stopping = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to keep the process running."""
        self._keeper = asyncio.create_task(self._keep_running(), name=f"keep-{self.spec.name}")

    async def is_ready(self) -> bool:
        """Looks whether the process does its work now."""
        return self.pid is not None and await self.spec.is_ready(self.pid)

    async def wait_ready(self, within_s: float) -> None:
        """Returns when the process does its work. Raises StackError, quoting its log, if it does not get that far."""

        async def settled() -> bool:
            return self.given_up is not None or await self.is_ready()

        if not await waiting.until(settled, within_s) or self.given_up is not None:
            reason = self.given_up or f"not ready within {within_s:.0f} s"
            quoted = self.output.tail(_QUOTED_LINES)
            raise StackError(f"{self.spec.name}: {reason}. The end of {self.output.path}:\n{quoted}")
        self._was_ready = True

    async def stop(self) -> None:
        """Stops the process: its stop signal, then SIGKILL to its whole session once the drain time is over."""
        self._stopping.set()
        if self._keeper is None:
            return
        self.signal(self.spec.stop_signal)
        done, _ = await asyncio.wait({self._keeper}, timeout=self.spec.drain_s)
        if not done:
            log.warning("drain_time_over", process=self.spec.name, drain_s=self.spec.drain_s)
            self.kill()
        await self._keeper
        self._keeper = None

    def signal(self, number: signal.Signals) -> None:
        """Sends the process a signal, if it runs."""
        if self.pid is not None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                log.debug("already_gone", process=self.spec.name)

    def kill(self) -> None:
        """Kills the process and all that it started."""
        if self.pid is not None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                log.debug("already_gone", process=self.spec.name)

    async def _keep_running(self) -> None:
        backoff = Backoff()
        while not self._stopping.is_set() and self.given_up is None:
            begun = time.monotonic()
            code = await self._run_once()
            if not self._stopping.is_set():
                await self._pause(code, backoff.after(time.monotonic() - begun))

    async def _run_once(self) -> int | str:
        """Runs the process to its end; its exit code, or why it could not be started."""
        try:
            self.spec.prepare()
            process = await self._spawn()
        except (StackError, OSError) as error:
            return str(error)
        self.pid, self.created = process.pid, _created(process.pid)
        self._changed()
        if self._stopping.is_set():  # stop came while it was being started and had nobody to signal
            self.signal(self.spec.stop_signal)
        code = await process.wait()
        self.pid = self.created = None
        self._changed()
        return code

    async def _spawn(self) -> asyncio.subprocess.Process:
        output = self.output.open()
        try:
            return await asyncio.create_subprocess_exec(
                *launch_command(self.spec.identity, *self.spec.command, death_signal=self.spec.death_signal),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(self.spec.environment),
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops its children in order
            )
        finally:
            os.close(output)

    async def _pause(self, code: int | str, pause_s: float) -> None:
        self.restarts += 1
        log.warning("process_ended", process=self.spec.name, code=code, restart_in_s=pause_s)
        if code == EXIT_CONFIGURATION:
            self.given_up = "its configuration is wrong, a restart will not help"
        elif not self._was_ready and self.restarts >= FAILED_STARTS:
            self.given_up = f"it ended {self.restarts} times before it was ready (last: {_in_words(code)})"
        self._changed()
        if self.given_up is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)


def launch_command(identity: str, *command: str, death_signal: signal.Signals = signal.SIGKILL) -> list[str]:
    """A command that runs as `identity` and is sent `death_signal` when this process dies."""
    return [*_LAUNCHER, str(os.getpid()), str(int(death_signal)), identity, *command]


def _created(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _in_words(code: int | str) -> str:
    if isinstance(code, str):
        return code
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
