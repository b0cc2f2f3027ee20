"""Sorts every site's reports into topics once an hour of the estate's clock."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import takewhile
from typing import Final

import structlog

from api import background
from api.resources import Resources
from api.sites import store as sites
from api.topics import service
from api.transactions import ALL_SITES, begin

log = structlog.get_logger(__name__)

TASK: Final = "topics"
LOOK_S: Final = 20.0  # between two looks at whether an hour has passed


async def keep_watch(resources: Resources, stop: asyncio.Event) -> None:
    """Until `stop`. Raises what the database raises while away: begin anew then."""
    while not stop.is_set():
        await look(resources, stop)
        await background.wait(stop, LOOK_S)


async def look(resources: Resources, stop: asyncio.Event) -> None:
    """One look at every site; who comes too early does nothing."""
    async with begin(resources, ALL_SITES) as tx:
        names = [site.site for site in await sites.sites(tx)]
    await background.each_site(TASK, takewhile(lambda _: not stop.is_set(), names), partial(_sort, resources))


async def _sort(resources: Resources, site: str) -> int:
    resources.beat(TASK)
    async with begin(resources, site) as tx:
        done = await service.sort_if_due(tx)
    if done is None:
        return 0
    if done.founded or done.masters:
        log.info("topics_sorted", site=site, founded=len(done.founded), masters=len(done.masters))
    return 1
