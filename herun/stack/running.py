"""Running a stack in the foreground, in the background, and ending one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from herun.log import configure
from herun.stack import processes, waiting
from herun.stack.child import STAY, launch_command
from herun.stack.environment import StackSettings
from herun.stack.folder import Folder, StackError, folder_at, forget_run, supervisor_pid
from herun.stack.logs import BoundedLog
from herun.stack.services import SERVICES
from herun.stack.supervisor import SUPERVISOR, Stack

_READY_WITHIN_S: Final = 420.0  # the sum of what broker, database and services may take, and a bit
_DOWN_WITHIN_S: Final = 150.0  # the sum of all drain times, and a bit
_QUOTED_LINES: Final = 20
_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_in_foreground(settings: StackSettings, services: tuple[str, ...] = SERVICES) -> None:
    """Runs the stack until Ctrl-C or SIGTERM; a second one kills instead of draining. Raises StackError."""
    configure(SUPERVISOR, settings.log_level)
    asyncio.run(_until_signalled(Stack(settings, services=services)))


def run_detached(settings: StackSettings, services: tuple[str, ...] = SERVICES) -> int:
    """Starts a supervisor in the background and returns its pid when its stack is ready. Raises StackError."""
    folder = folder_at(settings.data_dir)
    command = [*_up(folder), *([] if services else ["--backbone-only"])]
    return start_supervisor(folder, command, dict(os.environ)).pid


def run_attached(folder: Folder, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts a supervisor that goes down when we die; returns when its stack is ready. Raises StackError."""
    return start_supervisor(folder, launch_command(STAY, *_up(folder), death_signal=signal.SIGTERM), environment)


def start_supervisor(folder: Folder, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Runs `herun up` beside this process, logging to the folder. Raises StackError, quoting its log, if it fails."""
    folder.create()
    if (pid := supervisor_pid(folder)) is not None:
        raise StackError(f"a stack already runs in {folder.root} (pid {pid})")
    output = BoundedLog(folder.log_of(SUPERVISOR))
    descriptor = output.open()
    try:
        supervisor = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(descriptor)
    try:
        waiting.until_true(lambda: supervisor.poll() is not None or is_ready(folder, supervisor.pid), _READY_WITHIN_S)
    except BaseException:
        end(supervisor)
        raise
    if not is_ready(folder, supervisor.pid):
        end(supervisor)
        raise StackError(f"the stack did not start. The end of {output.path}:\n{output.tail(_QUOTED_LINES)}")
    return supervisor


def end(supervisor: subprocess.Popen[bytes]) -> None:
    """Has a supervisor of ours take its stack down, and waits for it; kills it if it does not come to an end."""
    supervisor.terminate()
    try:
        supervisor.wait(_DOWN_WITHIN_S)
    except subprocess.TimeoutExpired:
        supervisor.kill()  # the kernel ends its children
        supervisor.wait()


def is_ready(folder: Folder, pid: int) -> bool:
    """True if the supervisor of that pid has said that all of its processes are ready."""
    try:
        return folder.ready.read_text(encoding="ascii").strip() == str(pid)
    except FileNotFoundError:
        return False


def stop_running(folder: Folder) -> str:
    """Stops the folder's stack, whoever started it, and what a killed one left behind; what was done, in words."""
    pid = supervisor_pid(folder)
    if pid is None:
        left = processes.leftovers(folder)
        processes.end_leftovers(folder)
        forget_run(folder)
        return f"no stack runs in {folder.root}" + (f"; {len(left)} leftover processes were ended" if left else "")
    os.kill(pid, signal.SIGTERM)
    if waiting.until_true(lambda: supervisor_pid(folder) is None, _DOWN_WITHIN_S):
        return f"the stack in {folder.root} (pid {pid}) is stopped"
    os.kill(pid, signal.SIGKILL)
    waiting.until_true(lambda: supervisor_pid(folder) is None, _DOWN_WITHIN_S)
    processes.end_leftovers(folder)
    forget_run(folder)
    return f"the stack in {folder.root} (pid {pid}) did not stop by itself and was killed"


def addresses(stack: Stack) -> str:
    """Where to find what, for a person."""
    told = stack.environment
    lines = [f"Herun is up. Data folder: {stack.folder.root}"]
    if any(child.spec.name == "api" for child in stack.children):
        lines.append(f"  API               http://{stack.settings.host}:{told['HERUN_API_PORT']}")
        password = stack.folder.root / "admin-password"
        lines += [f"  first sign-in     user admin, password in {password}"] if password.exists() else []
    if "HERUN_MQTT_PUBLIC_PORT" in told:
        lines.append(f"  devices (MQTT)    {stack.settings.host}:{told['HERUN_MQTT_PUBLIC_PORT']}")
    if "HERUN_CLOCK" in told:
        lines.append(f"  simulated clock   {told['HERUN_CLOCK']}")
    lines.append(f"  endpoints         {stack.folder.stack_env}")
    lines.append(f"  logs              {stack.folder.logs}")
    return "\n".join(lines)


def _up(folder: Folder) -> list[str]:
    return [sys.executable, "-m", "herun.stack", "up", "--data-dir", str(folder.root)]


async def _until_signalled(stack: Stack) -> None:
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            stack.kill()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    starting = asyncio.create_task(stack.start())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return
    try:
        await starting
        print(addresses(stack), flush=True)
        await stopping
        print("Herun is going down.", flush=True)
        await stack.stop()
    finally:
        stopping.cancel()
