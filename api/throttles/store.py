"""Counts of tries."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def count(tx: Transaction, purpose: str, bucket: int, oldest: datetime) -> tuple[int, datetime]:
    """Counts one try more; returns the tries of the window and when it began. A window from before `oldest` is over."""
    row = await tx.one(_QUERIES["count_try"], purpose=purpose, bucket=bucket, wall=tx.wall, oldest=oldest)
    assert row is not None  # noqa: S101 - the statement always returns a row
    return row["tries"], row["since_wall"]


async def take_back(tx: Transaction, purpose: str, bucket: int) -> None:
    """Takes one try back."""
    await tx.run(_QUERIES["take_back_try"], purpose=purpose, bucket=bucket)


async def forget(tx: Transaction, purpose: str, bucket: int) -> None:
    """Starts from nothing."""
    await tx.run(_QUERIES["forget_tries"], purpose=purpose, bucket=bucket)
