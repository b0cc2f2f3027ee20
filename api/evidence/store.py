"""What a pack holds."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from api.events.store import Filter
from api.transactions import Transaction
from api.work_orders.store import MAX_MERGED, MAX_PARTS
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_ENTRIES: Final = 4000  # of one order, each of some 6 KB at most: with all else less than a pack holds
MAX_VERSIONS: Final = 1000  # of one alert
MAX_RELATED: Final = MAX_MERGED + MAX_PARTS
MAX_NAMES: Final = 4 * MAX_RELATED  # a contact has three


async def entries(tx: Transaction, number: str) -> tuple[list[dict[str, Any]], int]:
    """The history of an order with the hashes of its chain, the first entry first; and how many are left out."""
    rows = await tx.all(_QUERIES["entries"], number=number, limit=MAX_ENTRIES)
    return rows, _left_out(rows)


async def pictured(tx: Transaction, number: str) -> list[dict[str, Any]]:
    """What the history of an order says of its pictures."""
    return await tx.all(_QUERIES["pictured"], number=number)


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


async def versions(tx: Transaction, alert_id: UUID) -> tuple[list[Any], int]:
    """The versions of an alert, the first one first; and how many are left out."""
    rows = await tx.all(_QUERIES["versions"], alert_id=alert_id, limit=MAX_VERSIONS)
    return [row["body"] for row in rows], _left_out(rows)


async def count_events(tx: Transaction, wanted: Filter) -> int:
    """How many events of a device there are between two times."""
    times = {"after": wanted.after, "before": wanted.before}
    row = await tx.one(_QUERIES["count_events"], device=wanted.device, **times)
    return row["events"] if row else 0


def _left_out(rows: list[dict[str, Any]]) -> int:
    """How many more are known than there are; that column is taken away."""
    known = {row.pop("known") for row in rows}
    return max(known, default=0) - len(rows)
