"""`make bench-deadlines`: how long it takes until all that became due while everything was down has fired.

BENCH_DEADLINES (default 10,000) orders have a deadline each that is due. Then the API is started as the supervisor does
it; once it is left alone, once it is killed (SIGKILL) in the middle and started again. Exit code 1 unless each fired
once, in the order of (due, id), within AIM_S.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from herun.stack.child import launch_command
from tests.integration.api.due import add_due, at_noon, in_order, left, told
from tests.integration.api.running import Servers, World, running_world
from tests.load.report import say
from tests.support.ports import free_port

AIM_S: Final = 60.0  # for ten thousand
LOOK_S: Final = 0.1  # between two looks at how many are left
LONGEST_S: Final = 600.0


def start(world: World, folder: Path) -> subprocess.Popen[bytes]:
    """The API as a process of its own."""
    settings = {
        "data_dir": str(folder), "database_url": world.database_url, "nats_url": world.servers.nats.url,
        "token_key": "t" * 32, "personal_key": "p" * 32, "api_port": str(free_port()), **at_noon(),
    }  # fmt: skip
    environment = {f"HERUN_{name.upper()}": value for name, value in settings.items()}
    with (folder / "api.log").open("ab") as log:
        return subprocess.Popen(
            launch_command("-", sys.executable, "-m", "api"),
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
        )


async def fire(world: World, folder: Path, count: int, *, kill: bool) -> float:
    """Seconds from the start of the process until the last has fired; the process is killed once it has fired half."""
    add_due(world, count)
    began = time.monotonic()
    child = start(world, folder)
    try:
        while remaining := left(world):
            assert time.monotonic() - began < LONGEST_S
            assert child.poll() is None, (folder / "api.log").read_text()[-3000:]
            if kill and remaining <= count // 2:
                kill = False
                child.kill()
                child.wait()
                child = start(world, folder)
            await asyncio.sleep(LOOK_S)
        return time.monotonic() - began
    finally:
        child.kill()
        child.wait()


async def run(servers: Servers, folder: Path, count: int, *, kill: bool) -> bool:
    """One of the two; whether all is as it has to be."""
    async with running_world(servers, folder) as world:
        seconds = await fire(world, folder, count, kill=kill)
        numbers, expected = told(world), in_order(world)
    is_right = numbers == expected and len(set(numbers)) == len(numbers) == count
    how = "killed in the middle" if kill else "left alone"
    say(f"{count} deadlines, {how}: {seconds:.1f} s from the start of the process, {count / seconds:.0f} a second")
    say("each once, in the order of (due, id)" if is_right else "NOT each once and in order")
    return is_right and (seconds <= AIM_S or count > 10_000)


async def both(servers: Servers, folder: Path, count: int) -> bool:
    """Left alone, then killed."""
    async with running_world(servers, folder) as world:
        await world.furnish()
    servers.keep()
    alone = await run(servers, folder, count, kill=False)
    servers.put_back()
    return await run(servers, folder, count, kill=True) and alone


def main() -> None:
    """Makes the rows, starts and kills, says so."""
    count = int(os.environ.get("BENCH_DEADLINES", "10000"))
    with tempfile.TemporaryDirectory(prefix="herun-deadlines-", ignore_cleanup_errors=True) as folder:
        servers = Servers(Path(folder))
        try:
            is_right = asyncio.run(both(servers, Path(folder), count))
        finally:
            servers.stop()
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
