"""Plate lists: keyed hashes to match by, masked plates to show."""

from __future__ import annotations

from typing import Final

from api.plate_lists.schemas import PlateList, PlateListEntries
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_LISTS: Final = 200  # shown at once; a site has a handful


async def put(tx: Transaction, name: str, masked_by_hash: dict[str, str]) -> None:
    """Replaces a list."""
    await tx.run(
        _QUERIES["put"], name=name, plate_hashes=list(masked_by_hash), masked_plates=list(masked_by_hash.values())
    )


async def lists(tx: Transaction) -> list[PlateList]:
    """All lists by name."""
    return [PlateList(**row) for row in await tx.all(_QUERIES["lists"], limit=MAX_LISTS)]


async def one(tx: Transaction, name: str) -> PlateListEntries | None:
    """One list with its masked plates."""
    row = await tx.one(_QUERIES["one"], name=name)
    return PlateListEntries(**row) if row else None
