"""Deletes what has outlived its use."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from api import background
from api.idempotency import store
from api.idempotency.service import MAX_AGE
from api.links import store as links
from api.notices import service as notices
from api.notices import store as notice_store
from api.open311 import store as open311
from api.open311.service import REPEATED_WITHIN
from api.pictures import service as pictures
from api.reports import store as reports
from api.resources import Resources
from api.transactions import ALL_SITES, begin
from api.visitors import store as visitors
from api.visitors.service import KEPT
from herun.order_pictures import KEPT as PICTURES_KEPT

EVERY_S: Final = 60.0
BATCH: Final = 1000  # rows deleted in one transaction


async def keep_house(resources: Resources, stop: asyncio.Event) -> None:
    """Forgets, until `stop`, answers, visits, notices, links, pictures and who sent what in, when past their age.

    Of pictures' files it looks each time at the next few whether they are anybody's, and begins anew at the end.
    """
    looked_at = ""
    while not stop.is_set():
        while BATCH in {await forget(resources) for forget in _FORGET}:
            pass
        looked_at = await pictures.forget_orphans(resources, looked_at, BATCH)
        await background.wait(stop, EVERY_S)


async def _forget_batch(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await store.forget(tx, tx.wall - MAX_AGE, BATCH)


async def _forget_visits(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await visitors.forget(tx, tx.at - KEPT, BATCH)


async def _forget_links(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await links.forget(tx, tx.at, BATCH)


async def _forget_notices(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await notice_store.forget(tx, tx.at - notices.KEPT, BATCH)


async def _forget_pictures(resources: Resources) -> int:
    return await pictures.forget(resources, BATCH)


async def _forget_repeats(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await open311.forget_repeats(tx, tx.wall - REPEATED_WITHIN, BATCH)


async def _forget_contacts(resources: Resources) -> int:
    kept = timedelta(days=resources.settings.personal_retention_days)
    async with begin(resources, ALL_SITES) as tx:
        return await open311.forget_contacts(tx, tx.at - kept, BATCH)


async def _forget_open311_pictures(resources: Resources) -> int:
    async with begin(resources, ALL_SITES) as tx:
        return await open311.forget_pictures(tx, tx.at - PICTURES_KEPT, BATCH)


async def _forget_callers(resources: Resources) -> int:
    kept = timedelta(days=resources.settings.personal_retention_days)
    async with begin(resources, ALL_SITES) as tx:
        return await reports.forget_callers(tx, tx.at - kept, BATCH)


_FORGET: Final = (
    _forget_batch, _forget_visits, _forget_notices, _forget_links, _forget_pictures, _forget_repeats, _forget_contacts,
    _forget_open311_pictures, _forget_callers,
)  # fmt: skip
