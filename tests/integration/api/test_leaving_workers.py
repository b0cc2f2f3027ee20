"""Whoever is made no worker while orders are given to them keeps none, and nobody waits for somebody who waits."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from api.roles import Role
from api.transactions import begin
from api.work_orders import service as work_orders
from api.work_orders.order import Move, Person
from api.work_orders.states import Action
from tests.integration.api.running import SITE, World, until
from tests.integration.api.test_order_cycle import do, order, reported

GWEN: Final = {"username": "gwen", "name": "Gwen", "roles": ["resident"], "building": "b1"}
OSCAR: Final = Person("oscar", frozenset({Role.OPERATOR}), None)


async def leaves(world: World) -> Any:
    return await world.admin.post("people?replace=true", {"people": [GWEN]})


async def somebody_waits(world: World) -> bool:
    return bool(world.rows("SELECT 1 AS one FROM pg_locks WHERE NOT granted AND locktype <> 'relation' LIMIT 1"))


@pytest.mark.parametrize("action", ["dispatch", "split", "transfer"])
async def test_who_is_given_an_order_and_made_no_worker_at_once_does_not_keep_it(world: World, action: str) -> None:
    number = await reported(world)
    if action == "dispatch":
        await do(world, "oscar", number, "recall", reason="Not yet")
    else:
        await do(world, "gwen", number, "transfer", worker="greg", reason="Nearer")
    body: dict[str, Any] = {"worker": "gwen", "text": "Dry the wall"} if action == "split" else {"worker": "gwen"}
    body |= {"reason": "Hers"} if action == "transfer" else {}
    async with begin(world.resources, SITE, "admin") as tx:
        await tx.run("UPDATE people SET roles = '{resident}' WHERE site = %(site)s AND username = 'gwen'")
        await work_orders.take_back(tx, ["gwen"])
        given = asyncio.create_task(
            world.by("greg" if action == "transfer" else "oscar").call("POST", f"work-orders/{number}/{action}", body)
        )
        await until("it waits", lambda: somebody_waits(world))
    assert (await given).status_code == 422
    assert world.rows("SELECT number FROM work_orders WHERE worker = 'gwen'") == []


async def test_what_was_given_to_them_a_moment_ago_is_taken_back_too(world: World) -> None:
    number = await reported(world)
    await do(world, "oscar", number, "recall", reason="Not yet")
    async with begin(world.resources, SITE, "oscar") as tx:
        await work_orders.act(tx, OSCAR, number, Move(Action.DISPATCH, worker="gwen"))
        left = asyncio.create_task(leaves(world))
        await until("it waits", lambda: somebody_waits(world))
    assert await left == {"created": 0, "replaced": 1}
    seen = await order(world, number)
    assert (seen["state"], seen["worker"]) == ("accepted", None)


async def test_reports_that_come_while_somebody_leaves_are_not_theirs(world: World) -> None:
    await asyncio.gather(*(reported(world) for _ in range(6)), leaves(world), *(reported(world) for _ in range(6)))
    assert world.rows("SELECT number FROM work_orders WHERE worker = 'gwen'") == []
