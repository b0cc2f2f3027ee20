"""What ends by itself when its time is over waits for nobody who waits for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from api.sites.store import next_feed_seq
from api.transactions import begin
from api.work_orders import store, times
from herun.clock import DAY_US, to_datetime
from tests.integration.api.running import SITE, World, until
from tests.integration.api.test_leaving_workers import somebody_waits
from tests.integration.api.test_order_cycle import answered, do, order, reported


async def test_who_has_an_order_gets_the_feed_though_its_time_is_over_beside_that_of_others(world: World) -> None:
    held, silent = await reported(world), await reported(world)
    await answered(world, silent)
    later = (to_datetime(world.clock.now_us()) + timedelta(days=6)).isoformat()
    await do(world, "gwen", held, "hold", until=later, reason="The part is ordered")
    world.clock.advance(8 * DAY_US)
    async with begin(world.resources, SITE, "oscar") as tx:
        await store.locked(tx, silent)
        ending = asyncio.create_task(times._round(world.resources))
        await until("it waits", lambda: somebody_waits(world))
        await tx.run("SET LOCAL lock_timeout = '10s'")  # not to be a deadlock, which the other one may be told of
        await next_feed_seq(tx)
    assert await ending == 2
    assert [(await order(world, number))["state"] for number in (held, silent)] == ["dispatched", "closed"]
