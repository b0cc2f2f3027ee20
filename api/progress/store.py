"""One order by its number alone, and with whom it is."""

from __future__ import annotations

from typing import Any, Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def by_number(tx: Transaction, number: str) -> dict[str, Any] | None:
    """Site and phone of an order, as far as this transaction sees."""
    return await tx.one(_QUERIES["by_number"], number=number)


async def standing(tx: Transaction, number: str) -> dict[str, Any]:
    """With whom the order is, and what its reporter is asked; empty if there is no such order."""
    return await tx.one(_QUERIES["standing"], number=number) or {}
