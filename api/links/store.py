"""Secret links to orders; of a token only its hash is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def add(tx: Transaction, number: str, token_hash: bytes, expires_at: datetime) -> None:
    """Keeps a link."""
    await tx.run(_QUERIES["add"], number=number, token_hash=token_hash, expires_at=expires_at)


async def living(tx: Transaction, number: str) -> int:
    """How many links of an order work."""
    row = await tx.one(_QUERIES["living"], number=number)
    return row["links"] if row else 0


async def revoke(tx: Transaction, number: str) -> int:
    """Ends all links of an order; returns how many there were."""
    return await tx.run(_QUERIES["revoke"], number=number)


async def by_token(tx: Transaction, token_hash: bytes) -> dict[str, Any] | None:
    """Site and number of the order that a living link leads to."""
    return await tx.one(_QUERIES["by_token"], token_hash=token_hash)


async def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Deletes links of any site that ended before a time; returns how many."""
    return await tx.run(_QUERIES["forget"], before=before, limit=limit)
