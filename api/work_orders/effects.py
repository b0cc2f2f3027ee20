"""What follows from a step of an order, in the step's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.categories import learning
from api.clocks import service as clocks
from api.dispatch import effects as dispatch
from api.notices import service as notices
from api.return_visits import opening as return_visits
from api.topics import forgetting
from api.transactions import Transaction
from api.work_orders import deciders
from api.work_orders.order import Order


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of an order's history: the order before (None: it was opened) and after, and who did what, and why.

    `asked_by`: who had asked for what is decided with it.
    """

    before: Order | None
    after: Order
    action: str
    by: str
    reason: str | None
    asked_by: str | None = None


async def follow(tx: Transaction, step: Step) -> datetime | None:
    """Tells the parts that have something to do when an order moves; returns what is promised with it, if it is new."""
    await learning.learn_from(tx, step.before, step.after)
    await forgetting.follow(tx, step)
    await dispatch.follow(tx, step)
    await notices.follow(tx, step)
    await deciders.follow(tx, step)
    await return_visits.follow(tx, step)
    return await clocks.follow(tx, step)
