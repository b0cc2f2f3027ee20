"""Open orders that a matter may be compared with."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from api.categories.tree import SEVERITIES
from api.distance import point_of
from api.duplicates.likeness import Matter
from api.sites.locating import place_of
from api.sites.schemas import Building
from api.transactions import Transaction
from api.work_orders.order import Order
from api.work_orders.states import OPEN
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
NEWEST: Final = 2000  # orders of a site that are looked through; an estate of ten thousand has some fifty a day


async def open_orders(
    tx: Transaction, since: datetime, of: Order | None, buildings: list[Building]
) -> dict[str, Matter]:
    """Open orders that are not confidential, by number, the newest first: all, or those that `of` could go into."""
    rows = await tx.all(
        _QUERIES["open_orders"],
        since=since,
        but=of and of.number,
        severities=list(SEVERITIES[SEVERITIES.index(of.severity) if of else 0 :]),
        newest=NEWEST,
        states=sorted(state.value for state in OPEN),
    )
    return {row["number"]: _matter(row, buildings) for row in rows}


def _matter(row: dict[str, Any], buildings: list[Building]) -> Matter:
    return Matter(
        category=row["category"],
        text=row["text"],
        where=place_of(row["building"], point_of(row["lat"], row["lon"]), row["address"], buildings),
        at=row["opened_at"],
        zone=row["zone"],
        looks=tuple(row["looks"]),
    )


async def looks_of_waiting(tx: Transaction, ids: list[UUID]) -> tuple[int, ...]:
    """The looks of pictures that whoever acts has sent ahead."""
    return tuple(row["look"] for row in await tx.all(_QUERIES["looks_of_waiting"], ids=ids))


async def looks_of_order(tx: Transaction, number: str) -> tuple[int, ...]:
    """The looks of an order's pictures."""
    return tuple(row["look"] for row in await tx.all(_QUERIES["looks_of_order"], number=number))
