"""The audit log: rows are added and never changed; the database grants nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def record(tx: Transaction, action: str, subject: str, detail: dict[str, Any]) -> None:
    """Writes down what this transaction does; it stands or falls with it. `detail` holds no personal value."""
    await tx.run(_QUERIES["record"], action=action, subject=subject, detail=Jsonb(detail))


async def record_all(tx: Transaction, action: str, details: Mapping[str, dict[str, Any]]) -> None:
    """The same of several subjects, each with its detail."""
    rows = [{"action": action, "subject": name, "detail": Jsonb(each)} for name, each in details.items()]
    await tx.many(_QUERIES["record"], rows)


async def page(
    tx: Transaction, *, before: int | None, by: str | None, action: str | None, limit: int
) -> list[dict[str, Any]]:
    """Entries before an id, newest first."""
    return await tx.all(_QUERIES["page"], before=before, by=by, action=action, limit=limit)
