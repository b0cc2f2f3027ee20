"""The schema's revision."""

from __future__ import annotations

from typing import Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def revision(tx: Transaction) -> str:
    """The migration that the database is at."""
    row = await tx.one(_QUERIES["revision"])
    return str(row["version_num"]) if row else ""
