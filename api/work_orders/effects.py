"""What follows from a step of an order, in the transaction of the step."""

from __future__ import annotations

from dataclasses import dataclass

from api.notices import service as notices
from api.transactions import Transaction
from api.work_orders.order import Order


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the order before (None: it was opened) and after it, what was done by whom, and why."""

    before: Order | None
    after: Order
    action: str
    by: str
    reason: str | None


async def follow(tx: Transaction, step: Step) -> None:
    """Everything that a step brings about elsewhere; it stands or falls with the step."""
    await notices.follow(tx, step)
