"""One order by its number alone."""

from __future__ import annotations

from typing import Any, Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def by_number(tx: Transaction, number: str) -> dict[str, Any] | None:
    """State and phone of an order, as far as this transaction sees."""
    return await tx.one(_QUERIES["by_number"], number=number)
