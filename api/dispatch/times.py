"""Assigns what nobody took in time, and forgets where people were: nothing waits for a memory."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from api import background
from api.dispatch import pool, positions, store
from api.resources import Resources
from api.transactions import ALL_SITES, begin

TASK: Final = "dispatch_times"
EVERY_S: Final = 2.0  # the machine's seconds between two looks
_BATCH: Final = 1000  # positions forgotten in one transaction


async def keep_times(resources: Resources, stop: asyncio.Event) -> None:
    """Looks again and again until `stop`. Raises what the database raises while away: begin anew then."""
    while not stop.is_set():
        resources.beat(TASK)
        while not stop.is_set() and await look(resources):
            resources.beat(TASK)
        await background.wait(stop, EVERY_S)


async def look(resources: Resources) -> int:
    """One batch of each site; how much there was to do."""
    async with begin(resources, ALL_SITES) as tx:
        done = await positions.forget_old(tx, _BATCH)
        sites = await store.sites_with_unclaimed(tx)
    return done + await background.each_site(TASK, sites, partial(_assign, resources))


async def _assign(resources: Resources, site: str) -> int:
    async with begin(resources, site) as tx:
        return await pool.assign_unclaimed(tx)
