"""Requests that wait for their orders: what is wrong with one keeps no other from its own."""

from __future__ import annotations

from typing import Any, Final

import pytest

from api.open311 import batches
from api.work_orders import reported
from herun import metrics
from herun.clock import HOUR_US, SECOND_US
from tests.integration.api.open311 import client, read, taking_part
from tests.integration.api.running import World, until
from tests.integration.api.test_open311_client import served

BATCH: Final = 3  # of these tests
_open_for_report = reported.open_for_report


async def broken(tx: Any, reporter: Any, report: Any, *args: Any, **more: Any) -> Any:
    """Opens what is not said to be broken, and fails within the transaction for what is."""
    opened = await _open_for_report(tx, reporter, report, *args, **more)
    if "broken" in report.text:
        raise ValueError("nobody has thought of this")
    return opened


async def batch_of_water(world: World) -> Any:
    await taking_part(world)
    await world.admin.put("open311-services/water", {"type": "batch"})
    return await client(world)


async def sent(one: Any, description: str) -> str:
    """The token of a request that is taken in."""
    response = await one.post(service_code="water", address_id="b1", description=description)
    assert response.status_code == 200, response.text
    return str(read(response)[0]["token"])


def failures() -> float:
    (family,) = metrics.counter("herun_api_open311_failures_total").collect()
    return float(next(each.value for each in family.samples if each.name.endswith("_total")))


@pytest.mark.parametrize("kind", ["batch", "realtime", "blackbox"])
@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\x01"])
async def test_a_request_that_begins_with_what_cannot_be_seen_is_opened(world: World, kind: str, unseen: str) -> None:
    await taking_part(world)
    await world.admin.put("open311-services/water", {"type": kind})
    one = await client(world)
    response = await one.post(service_code="water", address_id="b1", description=unseen * 60 + "漏水")
    assert response.status_code == 200, response.text
    await batches.open_waiting(world.resources)
    assert [row["title"]["zh"] for row in world.rows("SELECT title FROM work_orders")] == ["漏水"]


async def test_what_cannot_be_opened_is_counted_and_set_behind_and_keeps_no_other_from_its_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", BATCH)
    monkeypatch.setattr(reported, "open_for_report", broken)
    one = await batch_of_water(world)
    for n in range(BATCH):
        await sent(one, f"broken {n}")
        world.clock.advance(SECOND_US)
    good, before = await sent(one, "漏水"), failures()
    assert await batches.open_waiting(world.resources) == 0
    assert failures() == before + BATCH
    assert await batches.open_waiting(world.resources) == 1
    assert read(await one.get(f"tokens/{good}"))[0]["service_request_id"] is not None
    assert await batches.open_waiting(world.resources) == 0
    assert failures() == before + BATCH  # nothing is tried again at once
    world.wall.advance(2 * SECOND_US)
    assert await batches.open_waiting(world.resources) == 0
    assert failures() == before + 2 * BATCH
    world.wall.advance(2 * SECOND_US)
    await batches.open_waiting(world.resources)
    assert failures() == before + 2 * BATCH  # the second time it waits longer
    monkeypatch.undo()
    world.wall.advance(HOUR_US)
    assert await batches.open_waiting(world.resources) == BATCH


async def test_it_is_tried_at_least_once_an_hour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reported, "open_for_report", broken)
    one = await batch_of_water(world)
    await sent(one, "broken")
    world.rows("UPDATE open311_requests SET failures = 1000")
    before = failures()
    assert await batches.open_waiting(world.resources) == 0
    world.wall.advance(HOUR_US)
    assert await batches.open_waiting(world.resources) == 0
    assert failures() == before + 2


async def test_a_process_goes_on_whatever_is_wrong_with_a_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reported, "open_for_report", broken)
    one = await batch_of_water(world)
    await sent(one, "broken")
    good = await sent(one, "漏水")

    async def is_opened() -> bool:
        return read(await one.get(f"tokens/{good}"))[0]["service_request_id"] is not None

    async with served(world):
        await until("the other request has its order", is_opened)
