"""What is known of pictures; they themselves lie among the objects."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from api.pictures.images import Taken
from api.pictures.schemas import Kind, Picture
from api.transactions import Transaction
from api.work_orders.order import Order
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def add(
    tx: Transaction, picture: UUID, taken: Taken, kind: Kind, *, number: str | None, expires_at: datetime
) -> None:
    """Keeps what is known of a picture; without a number it waits for its report."""
    seen = {"width": taken.width, "height": taken.height, "look": taken.look}
    kept = {"bytes": len(taken.whole), "sha256": taken.sha256, "expires_at": expires_at}
    await tx.run(_QUERIES["add"], id=picture, number=number, kind=kind, **seen, **kept)


async def waiting(tx: Transaction) -> int:
    """How many pictures of whoever acts wait for a report."""
    row = await tx.one(_QUERIES["waiting"])
    return row["pictures"] if row else 0


async def attach(tx: Transaction, number: str, ids: list[UUID], expires_at: datetime) -> dict[UUID, str | None]:
    """Makes waiting pictures of whoever acts the order's; returns those that there were, with their hashes."""
    rows = await tx.all(_QUERIES["attach"], number=number, ids=ids, expires_at=expires_at)
    return {row["id"]: row["sha256"] for row in rows}


async def everything(tx: Transaction, number: str) -> list[Picture]:
    """The pictures of an order, oldest first."""
    return [Picture(**row) for row in await tx.all(_QUERIES["everything"], number=number)]


async def kinds(tx: Transaction, order: Order) -> set[Kind]:
    """Which kinds an order has; of what shows it afterwards those sent since it was dispatched."""
    since = order.dispatched_at or order.opened_at
    return {Kind(row["kind"]) for row in await tx.all(_QUERIES["kinds"], number=order.number, since=since)}


async def shows_the_same(tx: Transaction, order: Order, taken: Taken, kind: Kind | None) -> bool:
    """True if an order, or one that it goes with, has this very picture; as one of a kind, or of any."""
    whole = order.merged_into or order.number
    row = await tx.one(_QUERIES["shows_the_same"], number=whole, sha256=taken.sha256, kind=kind)
    return bool(row and row["pictures"])


async def expired(tx: Transaction, before: datetime, limit: int) -> list[tuple[str, UUID]]:
    """Site and id of pictures of any site whose time is over."""
    return [(row["site"], row["id"]) for row in await tx.all(_QUERIES["expired"], before=before, limit=limit)]


async def unknown(tx: Transaction, pictures: Collection[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
    """Those of these that are of a site that there is, and that nothing is known of."""
    sites, ids = [site for site, _ in pictures], [picture for _, picture in pictures]
    return {(row["site"], row["id"]) for row in await tx.all(_QUERIES["unknown"], sites=sites, ids=ids)}


async def forget(tx: Transaction, pictures: list[tuple[str, UUID]]) -> None:
    """Deletes what is known of them."""
    await tx.many(_QUERIES["forget"], [{"of_site": site, "id": picture} for site, picture in pictures])
