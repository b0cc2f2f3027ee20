"""What people do to alerts. The engine writes alerts; nothing here changes one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api import cursors
from api.alerts import store
from api.alerts.schemas import Acknowledge, Alert, Alerts, Close
from api.alerts.store import Filter
from api.outbox import store as outbox
from api.problems import conflict, not_found
from api.sites import store as sites
from api.transactions import Transaction
from herun.clock import to_us
from herun.control import ControlKind


async def page(tx: Transaction, wanted: Filter, *, cursor: str | None, limit: int) -> Alerts:
    """One page, newest first."""
    rows = await store.page(tx, wanted, older_than=cursors.decode_numbers(cursor, 2), limit=limit + 1)
    last = rows[:limit][-1] if rows else None
    return Alerts(
        items=[store.shown(row) for row in rows[:limit]],
        next_cursor=cursors.encode(last["first_position"], last["first_n"]) if last and len(rows) > limit else None,
    )


async def one(tx: Transaction, alert_id: UUID) -> Alert:
    """One alert. Raises Problem 404."""
    rows = await store.page(tx, Filter(alert_id=alert_id), older_than=None, limit=1)
    if not rows:
        raise not_found("alert")
    return store.shown(rows[0])


async def acknowledge(tx: Transaction, alert_id: UUID, body: Acknowledge) -> Alert:
    """Somebody has seen it. Raises Problem 404, and 409 if somebody had before."""
    await _act(tx, alert_id, "acknowledged", verdict=None, note=body.note)
    return await one(tx, alert_id)


async def close(tx: Transaction, alert_id: UUID, body: Close) -> Alert:
    """Closes it with a verdict, which the engine hears. Raises Problem 404, and 409 if it was closed before."""
    raised_by = await _act(tx, alert_id, "closed", verdict=body.verdict, note=body.note)
    control = {"alert_id": str(alert_id), "verdict": body.verdict.value, "at": to_us(tx.at), **raised_by}
    await outbox.put(tx, ControlKind.ALERT_CLOSED, control)
    return await one(tx, alert_id)


async def _act(
    tx: Transaction, alert_id: UUID, action: str, *, verdict: str | None, note: str | None
) -> dict[str, Any]:
    """Writes the act down; what raised the alert."""
    raised_by = await store.raised_by(tx, alert_id)
    if raised_by is None:
        raise not_found("alert")
    feed_seq = await sites.next_feed_seq(tx)
    # If it was done before, the transaction ends here, and the number goes back with it.
    if not await store.add_action(tx, alert_id, action, feed_seq=feed_seq, verdict=verdict, note=note):
        raise conflict(f"already_{action}", f"the alert is {action} already")
    return raised_by
