"""Deletes what has outlived its use."""

from __future__ import annotations

import asyncio
from typing import Final

from api import background
from api.idempotency import store
from api.idempotency.service import MAX_AGE
from api.notices import service as notices
from api.notices import store as notice_store
from api.resources import Resources
from api.transactions import ALL_SITES, begin
from api.visitors import store as visitors
from api.visitors.service import KEPT

EVERY_S: Final = 60.0
BATCH: Final = 1000  # rows deleted in one transaction


async def keep_house(resources: Resources, stop: asyncio.Event) -> None:
    """Forgets answers past their age, visits long over and notices of last season, until `stop`."""
    while not stop.is_set():
        while BATCH in {
            await _forget_batch(resources),
            await _forget_visits(resources),
            await _forget_notices(resources),
        }:
            pass
        await background.wait(stop, EVERY_S)


async def _forget_batch(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await store.forget(tx, tx.wall - MAX_AGE, BATCH)


async def _forget_visits(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await visitors.forget(tx, tx.at - KEPT, BATCH)


async def _forget_notices(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await notice_store.forget(tx, tx.at - notices.KEPT, BATCH)
