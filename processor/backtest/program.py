"""The backtest program as a child process: bounded in time and output, and never left behind."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from typing import Final

MAX_RESULT_BYTES: Final = 16_000_000  # 5,000 alerts of each side are some 6 MB
MAX_SAID_BYTES: Final = 100_000  # of standard error
MAX_S: Final = 1_800.0  # of one job: 90 million events at the pace that one core keeps
COMMAND: Final = (sys.executable, "-m", "processor.backtest")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: `code` as the program says, its result, and the last line of its standard error."""

    code: int
    told: bytes
    said: str


async def run_program(
    job: bytes, stop: asyncio.Event, within_s: float = MAX_S, command: tuple[str, ...] = COMMAND
) -> Outcome | None:
    """Runs one job to its end; None if stopped before. Raises TimeoutError, ValueError if the result is too large."""
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    running = asyncio.create_task(_converse(process, job))
    stopped = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({running, stopped}, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if running in done:
            return running.result()
        if stopped in done:
            return None
        raise TimeoutError(f"not done within {within_s:.0f} s")
    finally:
        for task in (running, stopped):
            task.cancel()
        await asyncio.gather(running, stopped, return_exceptions=True)
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _converse(process: Process, job: bytes) -> Outcome:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AssertionError("a child without pipes")
    process.stdin.write(job + b"\n")  # and held open: the program ends when it is closed
    await process.stdin.drain()
    told, said = await asyncio.gather(_read(process.stdout, MAX_RESULT_BYTES), _read(process.stderr, MAX_SAID_BYTES))
    return Outcome(await process.wait(), told, said.decode(errors="replace").rstrip().rpartition("\n")[2])


async def _read(reader: asyncio.StreamReader, limit: int) -> bytes:
    parts, size = list[bytes](), 0
    while part := await reader.read(65_536):
        size += len(part)
        if size > limit:
            raise ValueError(f"more than {limit} bytes came out of it")
        parts.append(part)
    return b"".join(parts)
