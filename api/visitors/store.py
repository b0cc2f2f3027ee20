"""The register of announced visits."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.transactions import Transaction
from api.visitors.schemas import NewVisitor, Visitor
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def lock(tx: Transaction) -> None:
    """Nobody else changes the register until this transaction ends."""
    await tx.all(_QUERIES["lock"])


async def put(tx: Transaction, visitor: str, new: NewVisitor, *, plate_fold: str, masked_plate: str) -> None:
    """Makes or replaces a visit."""
    values = {**new.model_dump(exclude={"plate"}), "plate_fold": plate_fold, "masked_plate": masked_plate}
    await tx.run(_QUERIES["put"], visitor=visitor, **values)


async def fold(tx: Transaction, visitor: str) -> str | None:
    """The hash by which the engine knows the visit; None if there is none."""
    row = await tx.one(_QUERIES["fold"], visitor=visitor)
    return row["plate_fold"] if row else None


async def remembered(tx: Transaction, after: datetime) -> int:
    """How many visits end after a time."""
    row = await tx.one(_QUERIES["remembered"], after=after)
    return row["visits"] if row else 0


async def one(tx: Transaction, visitor: str) -> Visitor | None:
    """One visit."""
    row = await tx.one(_QUERIES["one"], visitor=visitor)
    return Visitor(**row) if row else None


async def page(tx: Transaction, *, after: str | None, valid_at: datetime | None, limit: int) -> list[Visitor]:
    """Visits by name."""
    rows = await tx.chosen(_QUERIES["page"], after=after, valid_at=valid_at, limit=limit)
    return [Visitor(**row) for row in rows]


async def remove(tx: Transaction, visitor: str) -> None:
    """Takes a visit out of the register."""
    await tx.run(_QUERIES["remove"], visitor=visitor)


async def forget(tx: Transaction, before: datetime, limit: int) -> int:
    """Deletes visits of any site that ended before a time; returns how many."""
    return await tx.run(_QUERIES["forget"], before=before, limit=limit)
