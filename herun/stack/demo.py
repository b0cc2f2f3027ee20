"""`herun demo`: a stack of its own on a simulated clock, and the demo program in front of it."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from herun.stack import running, waiting
from herun.stack.child import STAY, launch_command
from herun.stack.environment import StackSettings
from herun.stack.folder import Folder, StackError, folder_at, supervisor_pid

DEFAULT_FOLDER: Final = Path("build/demo")
# From a quiet evening on; an hour of the estate passes in twelve seconds, so that a night fits into a short demo.
DEFAULT_CLOCK: Final = "2026-05-11T19:00:00+08:00@300"
PROGRAM: Final = ("-m", "simulators.demo")

_PROGRAM_ENDS_WITHIN_S: Final = 15.0  # after Ctrl-C, to print its summary
_INTERRUPTED: Final = 130


def run_demo(data_dir: Path | None, program: tuple[str, ...] = PROGRAM) -> int:
    """Runs the demo to its end and takes everything down; the demo program's exit code. Raises StackError."""
    folder = folder_at(data_dir or DEFAULT_FOLDER)
    _empty(folder)
    clock = StackSettings().clock or DEFAULT_CLOCK
    environment = {**os.environ, "HERUN_DATA_DIR": str(folder.root), "HERUN_CLOCK": clock}
    print("Starting broker, database and services ...", flush=True)
    supervisor = running.run_attached(folder, environment)
    try:
        return _run_in_front(program, environment, supervisor)
    finally:
        running.end(supervisor)


def _empty(folder: Folder) -> None:
    """Every demo begins on an empty estate. Only a data folder of ours is ever removed."""
    if not folder.root.exists() or not any(folder.root.iterdir()):
        return
    if not folder.layout.exists():
        raise StackError(f"{folder.root} is not a data folder of Herun and will not be emptied: name another one")
    if (pid := supervisor_pid(folder)) is not None:
        raise StackError(f"a demo already runs in {folder.root} (pid {pid})")
    running.stop_running(folder)
    shutil.rmtree(folder.root)


def _run_in_front(program: tuple[str, ...], environment: Mapping[str, str], supervisor: subprocess.Popen[bytes]) -> int:
    """Gives the terminal to the demo program; Ctrl-C reaches it by itself and is waited for here.

    Raises StackError if the stack ends before the program does, which would wait for it for ever.
    """
    process = subprocess.Popen(launch_command(STAY, sys.executable, *program), env=environment)
    try:
        waiting.until_true(lambda: process.poll() is not None or supervisor.poll() is not None, math.inf)
        if process.poll() is not None:
            return process.returncode
        process.terminate()
        _wait_or_kill(process)
        raise StackError("the stack ended while the demo ran; its logs say why")
    except KeyboardInterrupt:
        _wait_or_kill(process)
        return _INTERRUPTED


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_PROGRAM_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
