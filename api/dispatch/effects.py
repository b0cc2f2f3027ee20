"""What follows for dispatching when an order moves: offers end, helpers go, what was arbitrated is proposed as a rule.

Knows nothing of how orders are stepped: that calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.dispatch import proposals_store, store
from api.transactions import Transaction
from api.work_orders.states import Action

if TYPE_CHECKING:
    from api.work_orders.effects import Step


async def follow(tx: Transaction, step: Step) -> None:
    """Keeps the rows of offers and helpers what the order says, and remembers what was arbitrated."""
    before, after = step.before, step.after
    if before is None:
        return
    if before.pool and not after.pool:
        await store.drop_offer(tx, after.number)
    elif before.pool and step.action in {Action.DISPATCH, Action.CLAIM}:
        await store.end_offer(tx, after.number)
    if gone := set(before.helpers) - set(after.helpers):
        await store.drop_helpers(tx, after.number, gone)
    if step.action == Action.ARBITRATE and after.worker is not None:
        await proposals_store.propose(tx, after, step.reason)
