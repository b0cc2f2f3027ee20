"""Opens the orders of requests that were answered with a token."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from api import background
from api.open311 import service, store
from api.resources import Resources
from api.transactions import ALL_SITES, begin
from herun import metrics

log = structlog.get_logger(__name__)

TASK: Final = "open311_batches"
EVERY_S: Final = 2.0  # a client that polls for its number waits no longer than it would anyhow
BATCH: Final = 100  # requests of one look
# What could not be opened is tried again so much later, each time twice as long, at most so long.
AGAIN_AFTER: Final = timedelta(seconds=EVERY_S)
AT_LEAST_EVERY: Final = timedelta(hours=1)

_failures = metrics.counter("herun_api_open311_failures_total")


async def keep_opening(resources: Resources, stop: asyncio.Event) -> None:
    """Opens what waits, until `stop`. Raises what the database raises while away: begin anew then."""
    while not stop.is_set():
        resources.beat(TASK)
        if await open_waiting(resources) < BATCH:
            await background.wait(stop, EVERY_S)


async def open_waiting(resources: Resources) -> int:
    """Opens the orders of what waits, each in its own transaction; returns how many were opened."""
    async with begin(resources, ALL_SITES) as tx:
        waiting = await store.waiting(tx, BATCH)
    return sum([await _is_opened(resources, site, token) for site, token in waiting])


async def _is_opened(resources: Resources, site: str, token: str) -> bool:
    """False for what has its order already, or could not be opened: whatever is wrong with that keeps no other from
    its order. Raises what the database raises while it is away from all.
    """
    try:
        async with begin(resources, site) as tx:
            return await service.open_order(tx, token) is not None
    except Exception:
        log.exception("open311_request_not_opened", site=site, token=token)
    async with begin(resources, site) as tx:
        await store.put_off(tx, token, AGAIN_AFTER, AT_LEAST_EVERY)
    _failures.inc()
    return False
