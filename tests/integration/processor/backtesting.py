"""The backtest program, run as the command and the processor run it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from herun.backtests import Backtest, Job, encode_job
from processor.backtest.rows import open_rows
from processor.backtest.run import Measured, backtest
from processor.backtest.trace import trace


def run_job(database_url: str, job: Job) -> tuple[int, bytes]:
    """The program's exit code and its whole standard output."""
    environment = {**os.environ, "HERUN_DATABASE_URL": database_url}
    with subprocess.Popen(
        [sys.executable, "-m", "processor.backtest"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as program:
        assert program.stdin
        assert program.stdout
        program.stdin.write(encode_job(job) + b"\n")
        program.stdin.flush()
        told = program.stdout.read()
    return program.returncode, told


def answer(database_url: str, job: Job) -> dict[str, Any]:
    """The same without a process of its own. Raises InvalidInputError."""
    with open_rows(database_url, job.site) as rows:
        return backtest(rows, job, Measured()) if isinstance(job, Backtest) else trace(rows, job, Measured())
