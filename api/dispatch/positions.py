"""Where workers' phones say that they are: only to choose the nearest, seen by nobody else, gone within minutes."""

from __future__ import annotations

from typing import Final

from api.dispatch.schemas import NewPosition, Position, PositionForgotten, PositionKept
from api.dispatch.store import POSITION_KEPT
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def put(tx: Transaction, new: NewPosition) -> PositionKept:
    """Keeps the caller's position in the place of the one before."""
    await tx.run(_QUERIES["put_position"], lat=new.lat, lon=new.lon)
    return PositionKept(kept_until=tx.at + POSITION_KEPT)


async def own(tx: Transaction) -> Position:
    """What is kept of the caller."""
    row = await tx.one(_QUERIES["own_position"], after=tx.at - POSITION_KEPT)
    if row is None:
        return Position(lat=None, lon=None, kept_until=None)
    return Position(lat=row["lat"], lon=row["lon"], kept_until=row["at"] + POSITION_KEPT)


async def forget_own(tx: Transaction) -> PositionForgotten:
    """Forgets the caller's position at once."""
    return PositionForgotten(forgotten=await tx.run(_QUERIES["remove_position"]) > 0)


async def forget_old(tx: Transaction, limit: int) -> int:
    """Deletes what has been kept for long enough, of any site; returns how many."""
    return await tx.run(_QUERIES["forget_positions"], before=tx.at - POSITION_KEPT, limit=limit)
