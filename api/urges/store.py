"""When an order was urged: its history says it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)

URGED: Final = "urged"
FOLLOWER_URGED: Final = "follower-urged"  # the reporter of an order that is merged into this one


async def last(tx: Transaction, number: str) -> datetime | None:
    """When the order was last urged."""
    row = await tx.one(_QUERIES["last"], number=number, action=URGED)
    return row["at"] if row else None
