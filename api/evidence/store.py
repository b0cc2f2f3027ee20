"""What a pack holds."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from api.transactions import Transaction
from api.work_orders.store import MAX_HISTORY, MAX_MERGED, MAX_PARTS
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_VERSIONS: Final = 1000  # of one alert
MAX_RELATED: Final = MAX_MERGED + MAX_PARTS
MAX_NAMES: Final = 4 * MAX_RELATED  # a contact has three


async def entries(tx: Transaction, number: str) -> list[dict[str, Any]]:
    """The history of an order with the hashes of its chain, the first entry first."""
    return await tx.all(_QUERIES["entries"], number=number, limit=MAX_HISTORY)


async def promises(tx: Transaction, number: str) -> list[dict[str, Any]]:
    """What was promised in all rounds."""
    return await tx.all(_QUERIES["promises"], number=number)


async def related(tx: Transaction, number: str) -> list[dict[str, Any]]:
    """What was merged into an order and its parts, the oldest first."""
    return await tx.all(_QUERIES["related"], number=number, limit=MAX_RELATED)


async def ratings(tx: Transaction, number: str) -> list[dict[str, Any]]:
    """The ratings of all rounds."""
    return await tx.all(_QUERIES["ratings"], number=number)


async def pictures(tx: Transaction, number: str) -> list[dict[str, Any]]:
    """What is known of the pictures of an order, oldest first."""
    return await tx.all(_QUERIES["pictures"], number=number)


async def residents(tx: Transaction, usernames: set[str]) -> set[str]:
    """Who of these is nothing but a resident."""
    return {row["username"] for row in await tx.all(_QUERIES["residents"], usernames=sorted(usernames))}


async def names_of(tx: Transaction, number: str, usernames: set[str]) -> set[str]:
    """How those are called who sent in an order or what belongs to it, and these."""
    rows = await tx.all(_QUERIES["names_of"], number=number, usernames=sorted(usernames), limit=MAX_NAMES)
    return {row["name"] for row in rows}


async def versions(tx: Transaction, alert_id: UUID) -> list[Any]:
    """All versions of an alert, the first one first."""
    return [row["body"] for row in await tx.all(_QUERIES["versions"], alert_id=alert_id, limit=MAX_VERSIONS)]
