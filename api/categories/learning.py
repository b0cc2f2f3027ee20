"""What orders teach: that texts like their own are of their category."""

from __future__ import annotations

from typing import Final

from api.categories import service, store
from api.categories.tree import Category
from api.transactions import Transaction
from api.work_orders.kinds import Channel, Origin
from api.work_orders.order import Order
from api.work_orders.states import State
from herun.redaction import redacted

LESSON_CHARS: Final = 500  # of a text that is learned from


async def learn_from(tx: Transaction, before: Order | None, order: Order) -> None:
    """What an order teaches once it is over: solved by its rating, or closed without one word against it.

    Silence confirms nothing: what nobody rated teaches if its category was suggested and chosen, or said by staff.
    What becomes confidential, in whatever way, takes its lesson along.
    """
    if before is None:
        return
    if order.confidential and not before.confidential:
        await store.forget(tx, order.number)
    if before.state is order.state:
        return
    is_solved = order.state is State.RATED and order.rating is not None and order.rating.solved
    if is_solved or (order.state is State.CLOSED and await _is_confirmed(tx, order)):
        await teach(tx, order, await service.category(tx, order.category), "closed")


async def _is_confirmed(tx: Transaction, order: Order) -> bool:
    """Somebody besides its reporter says that it is of its category: the model at once, the desk or a worker."""
    return any(
        each.chosen == order.category
        and (
            each.n > 1  # a correction
            or order.channel is Channel.PHONE
            or order.category in {suggested.category for suggested in each.suggested or ()}
        )
        for each in await store.choices(tx, order.number)
    )


async def teach(tx: Transaction, order: Order, what: Category, source: str) -> None:
    """Keeps an order's text as a lesson. An alert's is its rule's; what is confidential is not learned from at all."""
    if order.origin is Origin.REPORT and what.known and not (what.confidential or order.confidential):
        # What came by a form is learned from without the form's answers.
        is_of_form = order.channel is Channel.OPEN311
        words = await store.description(tx, order.number) if is_of_form else order.text["zh"]
        if words:
            await store.teach(tx, order.number, what.category, redacted(words)[:LESSON_CHARS], source)
