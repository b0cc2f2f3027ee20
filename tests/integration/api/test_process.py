"""`python -m api` as the supervisor runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from herun.stack.child import launch_command
from tests.integration.api.running import World, until
from tests.support.ports import free_port


@dataclass
class Process:
    """A started API."""

    child: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str) -> int:
        """The status of an answer; 0 while there is none."""
        try:
            return httpx.get(self.url + path, timeout=5, trust_env=False).status_code
        except httpx.TransportError:
            return 0

    async def until_ready(self) -> None:
        async def ready() -> bool:
            assert self.child.poll() is None, self.log.read_text()[-3000:]
            return await asyncio.to_thread(self.get, "/readyz") == 200

        await until("the API is ready", ready)

    async def until_dead(self) -> int:
        """Its exit code."""

        async def dead() -> bool:
            return self.child.poll() is not None

        await until("the API has ended", dead)
        return int(self.child.returncode)


@pytest.fixture
def start(world: World, tmp_path: Path) -> Iterator[Any]:
    started: list[Process] = []

    def run(**settings: str) -> Process:
        port = free_port()
        environment = {
            "HERUN_DATA_DIR": str(tmp_path),
            "HERUN_DATABASE_URL": world.database_url,
            "HERUN_NATS_URL": world.servers.nats.url,
            "HERUN_TOKEN_KEY": "t" * 32,
            "HERUN_PERSONAL_KEY": "p" * 32,
            "HERUN_API_PORT": str(port),
            **{f"HERUN_{name.upper()}": value for name, value in settings.items()},
        }
        log = tmp_path / "api.log"
        with log.open("ab") as output:
            child = subprocess.Popen(
                launch_command("-", sys.executable, "-m", "api"),
                env={**os.environ, **environment},
                stdout=output,
                stderr=output,
            )
        started.append(Process(child, f"http://127.0.0.1:{port}", log))
        return started[-1]

    yield run
    for process in started:
        process.child.kill()
        process.child.wait()


async def test_it_becomes_ready_and_ends_in_order_when_told_to(world: World, start: Any) -> None:
    process = start()
    await process.until_ready()
    assert process.get("/v1/me") == 401
    with httpx.stream(
        "GET",
        f"{process.url}/v1/sites/s1/live",
        headers={"Authorization": f"Bearer {world.by('oscar').token}"},
        timeout=5,
        trust_env=False,
    ) as feed:
        assert feed.status_code in {200, 401}  # the clock of the tests is not the machine's
        process.child.send_signal(signal.SIGTERM)
        assert await process.until_dead() == 0


async def test_killed_between_opening_an_order_and_saying_so_it_opens_no_second_one(world: World, start: Any) -> None:
    process = start(fault="api.order_opened_not_acknowledged")
    await process.until_ready()
    await world.publish(world.alert())
    assert await process.until_dead() == -signal.SIGKILL
    assert len(world.rows("SELECT * FROM work_orders")) == 1
    process = start(fault="api.order_opened_not_acknowledged")
    other = world.alert()
    await world.publish(other)

    async def both() -> bool:
        return len(world.rows("SELECT * FROM work_orders")) == 2

    await until("the second alert has its order", both)
    assert len(world.rows("SELECT * FROM order_history WHERE action = 'opened'")) == 2


async def test_without_a_setting_that_it_needs_it_says_which(world: World, start: Any) -> None:
    process = start(token_key="")
    assert await process.until_dead() != 0
    assert "HERUN_TOKEN_KEY" in process.log.read_text()
