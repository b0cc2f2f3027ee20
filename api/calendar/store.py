"""Decrees that people have put."""

from __future__ import annotations

from typing import Any, Final

from psycopg.types.json import Jsonb

from api.transactions import Transaction
from herun.calendar import Decree
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def put(tx: Transaction, decree: Decree) -> None:
    """Keeps a decree; it replaces that of its year."""
    await tx.run(_QUERIES["put"], year=decree.year, body=Jsonb(decree.model_dump(mode="json")))


async def decrees(tx: Transaction) -> list[dict[str, Any]]:
    """All of the site, by year."""
    return await tx.all(_QUERIES["decrees"])
