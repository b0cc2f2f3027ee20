"""Versions of rules; none is ever changed."""

from __future__ import annotations

from typing import Any, Final

from psycopg.types.json import Jsonb

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_HISTORY: Final = 200  # versions of one rule that are shown


async def newest(tx: Transaction, uid: str) -> tuple[int, bool]:
    """The newest version's number (0: none) and whether it is in force; nobody else adds one until this ends."""
    await tx.all(_QUERIES["lock_uid"], uid=uid)
    row = await tx.one(_QUERIES["newest"], uid=uid)
    return (row["version"], not row["removed"]) if row else (0, False)


async def add_version(tx: Transaction, uid: str, version: int, body: dict[str, Any] | None, why: str | None) -> None:
    """Adds a version; None as body: removed."""
    await tx.run(_QUERIES["add_version"], uid=uid, version=version, body=None if body is None else Jsonb(body), why=why)


async def current(tx: Transaction, uid: str | None = None) -> list[dict[str, Any]]:
    """The newest versions that are in force, by uid; of one rule or all."""
    return [row for row in await tx.all(_QUERIES["current"], uid=uid) if row["body"] is not None]


async def history(tx: Transaction, uid: str) -> list[dict[str, Any]]:
    """Versions of one rule, newest first."""
    return await tx.all(_QUERIES["history"], uid=uid, limit=MAX_HISTORY)
