"""A rating that says unsolved, or that is low, is not the end of it: somebody asks the reporter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.return_visits import visitors
from api.transactions import Transaction
from api.work_orders.states import Action

if TYPE_CHECKING:
    from api.work_orders.effects import Step

LOW_SCORE: Final = 2  # and below


async def follow(tx: Transaction, step: Step) -> None:
    """Opens a visit after a rating that says unsolved, or that is low."""
    rating = step.after.rating
    if step.action != Action.RATE or rating is None:
        return
    if not rating.solved:
        await visitors.open_visit(tx, step.after, "unsolved")
    elif rating.score <= LOW_SCORE:
        await visitors.open_visit(tx, step.after, "low_score")
