"""Reading the audit log."""

from __future__ import annotations

from api import cursors
from api.audit import store
from api.audit.schemas import AuditEntry, AuditPage
from api.transactions import Transaction


async def page(tx: Transaction, *, cursor: str | None, by: str | None, action: str | None, limit: int) -> AuditPage:
    """One page, newest first."""
    key = cursors.decode_numbers(cursor, 1)
    rows = await store.page(tx, before=key[0] if key else None, by=by, action=action, limit=limit + 1)
    items = [AuditEntry(**row) for row in rows[:limit]]
    return AuditPage(items=items, next_cursor=cursors.encode(items[-1].id) if len(rows) > limit else None)
