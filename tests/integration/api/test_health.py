"""Health and readiness look at what is there."""

from __future__ import annotations

import asyncio

import pytest

from api.health.endpoints import TASKS
from tests.integration.api.running import World


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
