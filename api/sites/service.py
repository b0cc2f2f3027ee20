"""Making sites and laying them out."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from api.audit import store as audit
from api.outbox import store as outbox
from api.problems import MAX_ERRORS, FieldError, conflict, not_found
from api.sites import store
from api.sites.schemas import Layout, NewSite, Site
from api.transactions import Transaction
from herun.control import ControlKind

MAX_NAMED: Final = 5  # in the sentence; the errors have more


async def create(tx: Transaction, new: NewSite, partitions: int) -> Site:
    """Makes a site in the partition that has the fewest. Raises Problem 409 if the name is taken."""
    partition = least_loaded(await store.sites_by_partition(tx), partitions)
    site = await store.add(tx, new, partition)
    if site is None:
        raise conflict("site_exists", f"there is a site {new.site} already")
    await outbox.put(replace(tx, site=site.site), ControlKind.SITE_PUT, {"time_zone": site.time_zone})
    await audit.record(tx, "site.created", new.site, {"partition": partition})
    return site


def least_loaded(sites: dict[int, int], partitions: int) -> int:
    """The partition of 0 to `partitions` - 1 with the fewest sites, the lowest of equals."""
    return min(range(partitions), key=lambda partition: (sites.get(partition, 0), partition))


async def one(tx: Transaction) -> Site:
    """The site of this transaction. Raises Problem 404."""
    site = await store.site(tx)
    if site is None:
        raise not_found("site")
    return site


async def put_layout(tx: Transaction, layout: Layout) -> Layout:
    """Makes the layout this one and returns it as it now is. Raises Problem 409 that names what cannot be left out."""
    used = await store.still_used(tx, layout, MAX_ERRORS)
    if used:
        says = [f"{row['kind']} {row['name']} by {row['used_by']}" for row in used]
        errors = [
            FieldError(loc=["body", f"{row['kind']}s"], msg=what, type="still_in_use")
            for row, what in zip(used, says, strict=True)
        ]
        more = ", ..." if len(says) > MAX_NAMED else ""
        raise conflict("still_in_use", f"left out, but still in use: {', '.join(says[:MAX_NAMED])}{more}", errors)
    await store.replace_layout(tx, layout)
    zones = {each.zone: each.name for each in layout.zones}
    buildings = {each.building: each.name for each in layout.buildings}
    await outbox.put(tx, ControlKind.LAYOUT_PUT, {"zones": zones, "buildings": buildings})
    counts = {"buildings": len(layout.buildings), "zones": len(layout.zones), "grids": len(layout.grids)}
    await audit.record(tx, "layout.replaced", tx.site, counts)
    return await store.layout(tx)
