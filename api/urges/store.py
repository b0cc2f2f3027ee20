"""When an order was urged: its history says it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.transactions import Transaction
from herun.database.queries import Queries
from herun.order_words import Word

_QUERIES: Final = Queries(__package__)


async def last(tx: Transaction, number: str) -> datetime | None:
    """When the order was last urged."""
    row = await tx.one(_QUERIES["last"], number=number, action=Word.URGE)
    return row["at"] if row else None
