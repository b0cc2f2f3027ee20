"""Sites, their places, and the counter of their feed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from psycopg.errors import ForeignKeyViolation

from api.problems import conflict
from api.sites.schemas import Building, Layout, NewSite, Site, Zone
from api.transactions import Touched, Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_CREATION_LOCK: Final = 0x4845_5255_4E02  # held while a partition is chosen
NEWEST_HASH: Final = "newest hash"  # among what a transaction knows
MAX_SITES: Final = 1000  # of one list; a city has fewer estates than this on one system


async def sites_by_partition(tx: Transaction) -> dict[int, int]:
    """How many sites each partition has; nobody else chooses one until this transaction ends."""
    await tx.all(_QUERIES["one_at_a_time"], key=_CREATION_LOCK)
    return {row["partition"]: row["sites"] for row in await tx.all(_QUERIES["sites_by_partition"])}


async def add(tx: Transaction, new: NewSite, partition: int) -> Site | None:
    """Makes a site; None if it exists."""
    row = await tx.one(
        _QUERIES["add_site"], new_site=new.site, name=new.name, partition=partition, time_zone=new.time_zone
    )
    if row is None:
        return None
    await tx.run(_QUERIES["add_counter"], new_site=new.site)
    return Site(**row)


async def sites(tx: Transaction) -> list[Site]:
    """All that this transaction sees."""
    return [Site(**row) for row in await tx.all(_QUERIES["sites"], limit=MAX_SITES)]


async def site(tx: Transaction) -> Site | None:
    """The transaction's own site."""
    row = await tx.one(_QUERIES["site"])
    return Site(**row) if row else None


async def next_feed_seq(tx: Transaction, count: int = 1) -> int:
    """The next number of the site's feed, of several the last; who else wants one waits for this transaction to end.

    So none is skipped. What the site's history is chained to is read with it: it stays so until then.
    """
    row = await tx.one(_QUERIES["next_feed_seq"], count=count)
    assert row is not None  # noqa: S101 - every site is made with its counter
    tx.known[NEWEST_HASH] = row["history_hash"]
    tx.touched.add(Touched.FEED)
    return int(row["feed_seq"])


async def still_used(tx: Transaction, layout: Layout, limit: int) -> list[dict[str, Any]]:
    """What this layout leaves out and something uses: kind (building, zone, grid), name, used_by."""
    kept = {
        "buildings": [each.building for each in layout.buildings],
        "zones": [each.zone for each in layout.zones],
        "grids": [each.grid for each in layout.grids],
    }
    return await tx.all(_QUERIES["still_used"], **kept, limit=limit)


async def replace_layout(tx: Transaction, layout: Layout) -> None:
    """Makes the layout this one. Raises Problem 409 if something has come to use what is left out."""
    await tx.run(_QUERIES["empty_grids"])
    await tx.many(_QUERIES["put_building"], [each.model_dump() for each in layout.buildings])
    await tx.many(_QUERIES["put_zone"], [each.model_dump() for each in layout.zones])
    await tx.many(_QUERIES["put_grid"], [each.model_dump(exclude={"buildings"}) for each in layout.grids])
    pairs = [{"grid": each.grid, "building": name} for each in layout.grids for name in sorted(set(each.buildings))]
    await tx.many(_QUERIES["put_grid_building"], pairs)
    try:
        await tx.run(_QUERIES["drop_other_grids"], kept=[each.grid for each in layout.grids])
        await tx.run(_QUERIES["drop_other_zones"], kept=[each.zone for each in layout.zones])
        await tx.run(_QUERIES["drop_other_buildings"], kept=[each.building for each in layout.buildings])
    except ForeignKeyViolation as error:
        raise conflict("still_in_use", "what is left out has come into use meanwhile; send it again") from error


async def buildings(tx: Transaction) -> list[Building]:
    """The buildings, by name."""
    return [Building(**row) for row in await tx.all(_QUERIES["buildings"])]


async def zones(tx: Transaction) -> list[Zone]:
    """The zones, by name."""
    return [Zone(**row) for row in await tx.all(_QUERIES["zones"])]


async def building_of_zone(tx: Transaction, zone: str) -> str | None:
    """The building that a zone lies in; None if it lies in none."""
    row = await tx.one(_QUERIES["building_of_zone"], zone=zone)
    return row["building"] if row else None


async def layout(tx: Transaction) -> Layout:
    """The layout as it is, by name."""
    values: dict[str, Any] = {
        "buildings": await buildings(tx),
        "zones": await zones(tx),
        "grids": await tx.all(_QUERIES["grids"]),
    }
    return Layout(**values)


async def building_names(tx: Transaction, buildings: Iterable[str]) -> dict[str, str]:
    """What those of these buildings are called that the site has."""
    rows = await tx.all(_QUERIES["building_names"], buildings=sorted(set(buildings)))
    return {row["building"]: row["name"] for row in rows}


async def unknown_places(
    tx: Transaction, *, buildings: Iterable[str] = (), zones: Iterable[str] = (), grids: Iterable[str] = ()
) -> dict[str, set[str]]:
    """Which of these names the site does not have, by kind: building, zone, grid."""
    rows = await tx.all(
        _QUERIES["unknown_places"], buildings=sorted(set(buildings)), zones=sorted(set(zones)), grids=sorted(set(grids))
    )
    unknown: dict[str, set[str]] = {"building": set(), "zone": set(), "grid": set()}
    for row in rows:
        unknown[row["kind"]].add(row["name"])
    return unknown
