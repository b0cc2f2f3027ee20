"""A write is done once per key."""

from __future__ import annotations

import asyncio

import pytest

from api.housekeeping import _forget_batch
from tests.integration.api.running import World

REPORT = {"category": "water", "text": "Water in the cellar"}
HOUR_US = 3_600 * 1_000_000


async def orders(world: World) -> int:
    return len((await world.by("oscar").get("work-orders"))["items"])


async def test_the_same_key_and_body_give_the_same_answer_and_do_nothing_twice(world: World) -> None:
    rita = world.by("rita")
    first = await rita.call("POST", "reports", REPORT, key="k1")
    again = await rita.call("POST", "reports", REPORT, key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert await orders(world) == 1


async def test_the_same_key_with_another_request_is_refused(world: World) -> None:
    rita = world.by("rita")
    order = await rita.post("reports", REPORT, key="k1")
    other_body = await rita.call("POST", "reports", {**REPORT, "text": "Other"}, key="k1")
    other_path = await rita.call("POST", f"work-orders/{order['number']}/cancel", REPORT, key="k1")
    assert other_body.status_code == 422
    assert other_body.json()["type"] == "urn:herun:problem:idempotency_key_reused"
    assert other_path.status_code == 422
    assert await orders(world) == 1


async def test_a_key_is_its_callers_own(world: World) -> None:
    await world.by("rita").post("reports", REPORT, key="k1")
    await world.by("rob").post("reports", REPORT, key="k1")
    assert await orders(world) == 2


async def test_many_at_once_with_one_key_are_done_once(world: World) -> None:
    rita = world.by("rita")
    answers = await asyncio.gather(*(rita.call("POST", "reports", REPORT, key="k1") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await orders(world) == 1


async def test_an_error_is_not_kept_for_nothing_was_done(world: World) -> None:
    oscar = world.by("oscar")
    order = await world.by("rita").post("reports", {**REPORT, "category": "noise"})
    path = f"work-orders/{order['number']}/dispatch"
    assert (await oscar.call("POST", path, {}, key="k1")).status_code == 409
    noisy = {"username": "nora", "name": "Nora", "roles": ["grid_worker"], "grids": ["g1"], "skills": ["noise"]}
    await world.admin.post("people", {"people": [noisy]})
    assert (await oscar.post(path, {}, key="k1"))["worker"] == "nora"


async def test_secrets_come_again_with_the_same_key_and_lie_sealed(world: World) -> None:
    devices = {"devices": [{"device": "d1"}]}
    first = await world.admin.post("devices", devices, key="k1")
    assert await world.admin.post("devices", devices, key="k1") == first
    (row,) = world.rows("SELECT response FROM idempotency_keys WHERE key = 'k1'")
    assert first["devices"][0]["secret"].encode() not in row["response"]


async def test_an_answer_is_kept_for_a_day_and_then_forgotten(world: World) -> None:
    rita = world.by("rita")
    await rita.post("reports", REPORT, key="k1")
    world.wall.at_us += 23 * HOUR_US
    assert await _forget_batch(world.resources) == 0
    world.wall.at_us += 2 * HOUR_US
    await world.by("rita").post("reports", REPORT, key="k1")
    assert await orders(world) == 2
    world.wall.at_us += 25 * HOUR_US
    assert await _forget_batch(world.resources) == 1
    assert world.rows("SELECT * FROM idempotency_keys") == []


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "é"])
async def test_what_is_no_key_is_refused(world: World, key: str) -> None:
    headers = {b"Authorization": f"Bearer {world.by('rita').token}".encode(), b"Idempotency-Key": key.encode()}
    response = await world.client.post("/v1/sites/s1/reports", json=REPORT, headers=headers)
    assert response.status_code == 422
