"""A child process that is bounded, and never left behind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from herun.stack import waiting
from processor.backtest.program import MAX_RESULT_BYTES, Outcome, run_program


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


async def test_it_gets_the_job_and_gives_result_and_figures() -> None:
    code = "import sys; print(sys.stdin.readline().upper(), end=''); print('a\\nfigures', file=sys.stderr); sys.exit(3)"
    assert await run_program(b"job", asyncio.Event(), 20, python(code)) == Outcome(3, b"JOB\n", "figures")


async def test_one_that_takes_too_long_is_killed() -> None:
    with pytest.raises(TimeoutError, match="not done within 1 s"):
        await run_program(b"", asyncio.Event(), 1, python("import sys; sys.stdin.read()"))


async def test_one_that_says_too_much_is_killed() -> None:
    code = f"print('x' * {MAX_RESULT_BYTES + 1}); import sys; sys.stdin.read()"
    with pytest.raises(ValueError, match="more than"):
        await run_program(b"", asyncio.Event(), 20, python(code))


async def test_a_stop_ends_it_at_once(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = f"import os, sys; open({str(mark)!r}, 'w').write(str(os.getpid()) + '.'); sys.stdin.read()"
    stop = asyncio.Event()
    running = asyncio.create_task(run_program(b"", stop, 20, python(code)))
    assert await asyncio.to_thread(waiting.until_true, lambda: mark.exists() and mark.read_text().endswith("."), 20)
    stop.set()
    assert await running is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()[:-1]), 0)
