"""Laws of one process of the stack, tried on small real ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from herun.stack import child as children
from herun.stack import launch, waiting
from herun.stack.child import Backoff, Child, ChildSpec
from herun.stack.folder import StackError, folder_at
from herun.stack.logs import BoundedLog
from herun.stack.processes import end_leftovers, leftovers, read_record, write_record

FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(600)"
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)"
)


def make(tmp_path: Path, code: str, **changes: Any) -> Child:
    log = BoundedLog(tmp_path / "child.log")

    async def is_ready(_: int) -> bool:
        return "up" in log.tail(1)

    spec = ChildSpec(name="child", command=(sys.executable, "-c", code), environment={}, is_ready=is_ready)
    return Child(replace(spec, **changes), log, lambda: None)


async def settled(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    assert await waiting.until(holds, 10)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_pauses_grow_to_a_bound_and_start_again_after_a_steady_run() -> None:
    backoff = Backoff()
    pauses = [backoff.after(0.1) for _ in range(10)]
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.8]
    assert pauses[-1] == children.LONGEST_PAUSE_S
    assert backoff.after(children.STEADY_S) == children.FIRST_PAUSE_S
    assert backoff.after(0.1) == 2 * children.FIRST_PAUSE_S


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    child = make(tmp_path, FOREVER)
    child.start()
    await child.wait_ready(10)
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await settled(lambda: child.pid not in (None, first))
    assert child.restarts == 1
    await child.stop()
    assert child.pid is None


async def test_a_stopped_process_is_not_started_again(tmp_path: Path) -> None:
    child = make(tmp_path, FOREVER)
    child.start()
    await child.wait_ready(10)
    await child.stop()
    assert child.restarts == 0


async def test_a_process_that_does_not_drain_in_time_is_killed(tmp_path: Path) -> None:
    child = make(tmp_path, STUBBORN, drain_s=0.2)
    child.start()
    await child.wait_ready(10)
    await child.stop()
    assert child.pid is None


async def test_a_start_that_fails_again_and_again_is_given_up_and_quotes_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "FIRST_PAUSE_S", 0.01)
    child = make(tmp_path, "import sys; sys.exit('no room here')")
    child.start()
    with pytest.raises(StackError, match=r"(?s)exit code 1.*no room here"):
        await child.wait_ready(30)
    await child.stop()


async def test_wrong_configuration_is_given_up_at_once(tmp_path: Path) -> None:
    child = make(tmp_path, "import sys; print('HERUN_X is missing'); sys.exit(78)")
    child.start()
    with pytest.raises(StackError, match=r"(?s)configuration is wrong.*HERUN_X is missing"):
        await child.wait_ready(30)
    assert child.restarts == 1
    await child.stop()


async def test_a_process_that_is_never_ready_fails_its_start(tmp_path: Path) -> None:
    child = make(tmp_path, "import time; time.sleep(600)")
    child.start()
    with pytest.raises(StackError, match="not ready within"):
        await child.wait_ready(0.1)
    await child.stop()


async def test_a_preparation_that_fails_is_told_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "FIRST_PAUSE_S", 0.01)

    def prepare() -> None:
        raise StackError("another one is there")

    child = make(tmp_path, FOREVER, prepare=prepare)
    child.start()
    with pytest.raises(StackError, match="another one is there"):
        await child.wait_ready(30)
    await child.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_process_dies_with_its_parent_however_that_dies() -> None:
    parent = (
        "import subprocess, sys, time\n"
        "from herun.stack.child import launch_command\n"
        "p = subprocess.Popen(launch_command('-', sys.executable, '-c', 'import time; time.sleep(600)'))\n"
        "print(p.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        launched = psutil.Process(pid)
        assert waiting.until_true(lambda: "launch.py" not in " ".join(launched.cmdline()), 10)
        process.kill()
    assert waiting.until_true(lambda: not is_running(pid), 10)


def test_a_launch_whose_parent_has_died_runs_nothing() -> None:
    told = subprocess.run(
        [*children.launch_command("-", "/bin/echo", "ran")[:4], "1", "9", "-", "/bin/echo", "ran"],
        capture_output=True,
        check=False,
    )
    assert (told.returncode, told.stdout) == (launch.PARENT_DIED, b"")


def test_a_program_that_is_not_there_is_told_in_words() -> None:
    told = subprocess.run(children.launch_command("-", "/no/such"), capture_output=True, text=True, check=False)
    assert told.returncode == launch.NOT_RUNNABLE
    assert "cannot run /no/such" in told.stderr


async def test_what_runs_is_written_down_and_found_again_by_pid_and_start(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    child = make(tmp_path, FOREVER)
    child.start()
    await child.wait_ready(10)
    write_record(folder, [child])
    found = leftovers(folder)
    assert [record.pid for record in found] == [child.pid]
    await child.stop()
    assert leftovers(folder) == []


async def test_a_recycled_pid_is_nobodys_leftover(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    child = make(tmp_path, FOREVER)
    child.pid, child.created = os.getpid(), time.time() - 3600
    write_record(folder, [child])
    assert leftovers(folder) == []
    assert read_record(folder) is not None


async def test_leftovers_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("herun.stack.processes._LEFT_ALONE_S", 0.1)
    monkeypatch.setattr("herun.stack.processes._TERMINATED_S", 0.3)
    folder = folder_at(tmp_path)
    child = make(tmp_path, STUBBORN)
    child.start()
    await child.wait_ready(10)
    write_record(folder, [child])
    pid = child.pid
    assert pid is not None
    stopping = asyncio.create_task(child.stop())
    await asyncio.to_thread(end_leftovers, folder)
    assert not is_running(pid)
    await stopping


def test_an_unreadable_record_is_no_record(tmp_path: Path) -> None:
    folder = folder_at(tmp_path)
    folder.processes.write_text('{"supervisor": "x"')
    assert read_record(folder) is None
    assert leftovers(folder) == []
