"""Fires deadlines when they are due: once each, in the order of (due, id), also after a night without power.

What is due is a row; a sweep takes the oldest ones of a site in batches, each in one transaction with its effects. Who
dies in the middle has done nothing of the batch, and the next one begins where it began.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from api import background
from api.background import AWAY
from api.clocks import effects, store
from api.resources import Resources
from api.transactions import ALL_SITES, begin
from herun import faults, metrics
from herun.clock import SECOND_US, to_us
from herun.faults import FaultPoint

log = structlog.get_logger(__name__)

TASK: Final = "deadlines"
BATCH: Final = 200  # of one transaction: its orders are locked for a fraction of a second
LEAST_S: Final = 0.05  # while another instance sweeps what is due here, there is nothing to do
EVERY_S: Final = 1.0  # a deadline that is made meanwhile and due at once waits so long at most

_fired = metrics.counter("herun_api_deadlines_fired_total")
_set_aside = metrics.counter("herun_api_deadlines_set_aside_total")
_lateness = metrics.gauge("herun_api_deadline_lateness_seconds")


async def keep_deadlines(resources: Resources, stop: asyncio.Event) -> None:
    """Fires what is due until `stop`. Raises what the database raises while away: begin anew then."""
    while not stop.is_set():
        resources.beat(TASK)
        if not await sweep(resources):
            await background.wait(stop, await _seconds_to_next(resources))


async def sweep(resources: Resources, batch: int = BATCH) -> int:
    """One batch of each site that has something due; returns how many were fired, 0 when nothing was left to do."""
    async with begin(resources, ALL_SITES) as tx:
        sites = await store.sites_with_due(tx)
    return sum([await _sweep_site(resources, site, batch) for site in sites])


async def _sweep_site(resources: Resources, site: str, batch: int) -> int:
    try:
        return await _fire(resources, site, batch)
    except AWAY:
        raise
    except Exception:
        # One deadline whose effect fails must not keep all others from theirs: look for it one by one.
        log.exception("deadlines_not_fired", site=site, batch=batch)
        if batch > 1:
            return sum([await _sweep_site(resources, site, 1) for _ in range(batch)])
        return await _put_aside_first(resources, site)


async def _fire(resources: Resources, site: str, batch: int) -> int:
    async with begin(resources, site) as tx:
        if not await store.is_the_only_sweep(tx):
            return 0
        found = await store.due(tx, batch)
        if not found:
            return 0
        fired = await store.fire(tx, found)
        await effects.on_fired(tx, fired)
        faults.reached(FaultPoint.API_DEADLINES_FIRED_NOT_COMMITTED)
    for each in fired:
        _fired.labels(each.kind).inc()
        _lateness.set((to_us(each.fired_at) - to_us(each.due_at)) / SECOND_US)
    faults.reached(FaultPoint.API_DEADLINES_COMMITTED)
    # Those that an order dropped meanwhile were found as well: there may be more.
    return len(found)


async def _put_aside_first(resources: Resources, site: str) -> int:
    async with begin(resources, site) as tx:
        if not await store.is_the_only_sweep(tx):
            return 0
        for deadline, number in await store.due(tx, 1):
            log.error("deadline_set_aside", site=site, deadline=deadline, number=number)
            await store.set_aside(tx, deadline, "its effect failed; the log says why")
            _set_aside.inc()
    return 1


async def _seconds_to_next(resources: Resources) -> float:
    """Until the next deadline by the machine's clock, which may be slower than the estate's; at most EVERY_S."""
    async with begin(resources, ALL_SITES) as tx:
        due = await store.next_due(tx)
    if due is None:
        return EVERY_S
    left = (to_us(due) - resources.clock.now_us()) / SECOND_US / resources.clock.speed
    return min(EVERY_S, max(left, LEAST_S))
