"""What arbiters decided, as the rules that would have decided so."""

from __future__ import annotations

from typing import Final

from api.dispatch.schemas import Proposal, ProposalState
from api.transactions import Transaction
from api.work_orders.order import Order
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_NUMBERS: Final = 50  # orders that a proposal names; those after them say nothing new


async def propose(tx: Transaction, order: Order, reason: str | None) -> None:
    """Remembers whom an arbiter gave an order; the same decision again adds the order to the same proposal.

    What was decided on the order before is not proposed for it any more. Nothing is proposed from what is confidential.
    """
    said = {name: getattr(order, name) for name in ("category", "building", "worker", "number")}
    await tx.run(_QUERIES["supersede"], **said)
    if not order.confidential:
        await tx.run(_QUERIES["propose"], **said, grid=order.grid, reason=reason, most=MAX_NUMBERS)


async def page(
    tx: Transaction, states: frozenset[ProposalState], *, is_confidant: bool, before: int | None, limit: int
) -> list[Proposal]:
    """Proposals in any of the states (of none: in whichever), newest first."""
    values = {"states": sorted(states) or None, "is_confidant": is_confidant, "before": before, "limit": limit}
    return [Proposal(**row) for row in await tx.chosen(_QUERIES["proposals"], **values)]


async def locked(tx: Transaction, proposal: int, *, is_confidant: bool) -> Proposal | None:
    """One proposal; nobody else decides on it until this transaction ends."""
    row = await tx.one(_QUERIES["proposal"], id=proposal, is_confidant=is_confidant)
    return Proposal(**row) if row else None


async def decide(tx: Transaction, proposal: int, state: ProposalState) -> None:
    """Keeps what became of it."""
    await tx.run(_QUERIES["decide_proposal"], id=proposal, state=state)
