"""What is on hold, rated by nobody or answered by nobody ends when its time is over: nothing waits for a memory."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from api import background
from api.questions import service as questions
from api.questions import store as kept_questions
from api.resources import Resources
from api.return_visits import service as return_visits
from api.return_visits import store as kept_visits
from api.transactions import ALL_SITES, begin
from api.work_orders import service

TASK: Final = "order_times"
EVERY_S: Final = 2.0  # the machine's seconds between two looks


async def keep_times(resources: Resources, stop: asyncio.Event) -> None:
    """Looks again and again until `stop`. Raises what the database raises while away: begin anew then."""
    while not stop.is_set():
        resources.beat(TASK)
        while not stop.is_set() and await _round(resources):
            resources.beat(TASK)
        await background.wait(stop, EVERY_S)


async def _round(resources: Resources) -> int:
    """One batch of each site; how many orders it moved."""
    async with begin(resources, ALL_SITES) as tx:
        due = {
            *await service.sites_with_something_due(tx),
            *await kept_questions.sites_with_lapsing(tx),
            *await kept_visits.sites_with_days(tx),
        }
    return await background.each_site(TASK, sorted(due), partial(_in_turn, resources))


async def _in_turn(resources: Resources, site: str) -> int:
    """Each in a transaction of its own: it locks orders, then the feed, and who holds the feed waits for no order."""
    moved = 0
    for end in (service.resume_held, service.close_silent, questions.lapse, return_visits.draw):
        async with begin(resources, site) as tx:
            moved += await end(tx)
    return moved
