"""Opens the orders of requests that were answered with a token."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from api import background
from api.open311 import service, store
from api.problems import Problem
from api.resources import Resources
from api.transactions import ALL_SITES, begin

log = structlog.get_logger(__name__)

TASK: Final = "open311_batches"
EVERY_S: Final = 2.0  # a client that polls for its number waits no longer than it would anyhow
BATCH: Final = 100  # requests of one look


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
    opened = 0
    for site, token in waiting:
        try:
            async with begin(resources, site) as tx:
                opened += await service.open_order(tx, token) is not None
        except Problem as error:
            # One that cannot be opened now waits for the next look, and keeps no other from its order.
            log.error("open311_request_not_opened", site=site, error=error.detail)
        except background.AWAY:
            raise
        except Exception:
            log.exception("open311_request_failed", site=site)
            background.failures.labels(TASK).inc()
    return opened
