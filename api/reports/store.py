"""What a report takes from its reporter."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def phone_of_actor(tx: Transaction) -> str | None:
    """The phone of whoever acts in this transaction."""
    row = await tx.one(_QUERIES["phone_of"])
    return row["phone"] if row else None


async def last_but(tx: Transaction, others: int) -> datetime | None:
    """When whoever acts in this transaction reported the last but so many; None if there are not so many.

    Reports of one account wait for each other from here on.
    """
    await tx.run(_QUERIES["one_at_a_time"])
    row = await tx.one(_QUERIES["last_but"], others=others)
    return row["opened_at"] if row else None


async def add_caller(tx: Transaction, number: str, name: str) -> None:
    """Keeps who called; apart from the order, which many read."""
    await tx.run(_QUERIES["add_caller"], number=number, name=name)


async def caller(tx: Transaction, number: str) -> str | None:
    """The name of whoever called; None if nobody did."""
    row = await tx.one(_QUERIES["caller"], number=number)
    return row["name"] if row else None


async def forget_callers(tx: Transaction, before: datetime, limit: int) -> int:
    """Deletes the names of callers whose order, or what it is merged into, was closed before a time, of any site;
    returns how many.
    """
    return await tx.run(_QUERIES["forget_callers"], before=before, limit=limit)
