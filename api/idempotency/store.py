"""Answers to writes, kept under their keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that a key was given before; `response` is sealed."""

    request_hash: bytes
    status: int
    response: bytes


async def claim(tx: Transaction, key: str, request_hash: bytes, oldest: datetime) -> Kept | None:
    """Takes the key for this transaction, or returns what another has kept under it since `oldest`."""
    values = {"key": key, "request_hash": request_hash, "wall": tx.wall, "oldest": oldest}
    if await tx.one(_QUERIES["claim"], **values):
        return None
    return await kept(tx, key, oldest)


async def kept(tx: Transaction, key: str, oldest: datetime) -> Kept | None:
    """What was kept under the key since `oldest`."""
    row = await tx.one(_QUERIES["kept_answer"], key=key, oldest=oldest)
    return Kept(**row) if row else None


async def keep(tx: Transaction, key: str, status: int, response: bytes) -> None:
    """Keeps the answer of this transaction; it stands or falls with what the transaction did."""
    await tx.run(_QUERIES["keep_answer"], key=key, status=status, response=response)


async def forget(tx: Transaction, oldest: datetime, most: int) -> int:
    """Deletes at most `most` answers older than `oldest`; returns how many."""
    return await tx.run(_QUERIES["forget_old"], oldest=oldest, most=most)
