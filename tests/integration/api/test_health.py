"""Health and readiness look at what is there."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from api import limits
from api.health import service
from api.health.endpoints import TASKS
from tests.integration.api.running import WAIT_S, World


def beat(world: World) -> None:
    for task in TASKS:
        world.resources.beat(task)


async def test_a_process_that_answers_is_healthy(world: World) -> None:
    assert await world.nobody.get("/healthz") == {"healthy": True}


async def test_ready_is_who_has_database_stream_and_tasks(world: World) -> None:
    beat(world)
    assert await world.nobody.get("/readyz") == {"ready": True}


async def because(world: World) -> str:
    response = await world.nobody.call("GET", "/readyz")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["detail"])


async def test_a_database_of_another_revision_is_not_ready(world: World) -> None:
    beat(world)
    world.resources.head_revision = "9999"
    assert "needs 9999" in await because(world)


async def test_without_its_stream_it_is_not_ready(world: World) -> None:
    beat(world)
    await world.resources.js.delete_stream("ALERTS")
    try:
        assert "stream" in await because(world)
    finally:
        from herun.streams import ensure_streams

        await ensure_streams(world.resources.js)


@contextmanager
def database_that_hangs(world: World) -> Iterator[None]:
    """Stops the database's processes where they are: connections stay open and nothing answers."""
    with psycopg.connect(world.servers.superuser_url, autocommit=True) as connection:
        others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        backends = [pid for (pid,) in connection.execute(others).fetchall()]
    parent = int(Path(f"/proc/{backends[0]}/stat").read_text().rpartition(")")[2].split()[1])
    stopped = []
    try:
        for pid in (parent, *backends):
            with suppress(ProcessLookupError):  # a worker of its own that has ended meanwhile
                os.kill(pid, signal.SIGSTOP)
                stopped.append(pid)
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def test_a_database_that_hangs_keeps_nobody_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    beat(world)
    monkeypatch.setattr(limits, "ANSWER_S", 1.0)
    monkeypatch.setattr(service, "PROBE_S", 0.5)
    with database_that_hangs(world):
        async with asyncio.timeout(WAIT_S):
            assert "database: no answer" in await because(world)
            refused = await world.by("oscar").call("GET", "events")
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
    beat(world)
    assert (await world.by("oscar").call("GET", "events")).status_code == 200


@pytest.mark.parametrize("task", TASKS)
async def test_a_task_that_hangs_is_told(world: World, task: str) -> None:
    beat(world)
    world.resources.beats[task] = asyncio.get_running_loop().time() - 31
    assert task in await because(world)
    world.resources.beats.pop(task)
    assert task in await because(world)


async def test_metrics_are_by_route_and_not_by_path(world: World) -> None:
    await world.by("oscar").get("work-orders")
    text = (await world.nobody.call("GET", "/metrics")).text
    assert "/sites/{site}/work-orders" in text
    assert "/sites/s1/work-orders" not in text
